using Microsoft.Extensions.Logging;
using Strata.Core.Updates.Manifests;
using Strata.Core.Updates.Slots;

namespace Strata.Edge.Updates.Rauc;

/// <summary>
/// A whole system in two slots: RAUC writes them and tells the machine's boot loader, <see cref="SystemSlots"/> decides what a start of the machine means. An artifact is a bundle, whose own signature RAUC checks beside that of the manifest.
/// </summary>
/// <param name="pathOf">Of a file on the disk of updates.</param>
/// <param name="boot">A text that is another one after each start of the machine.</param>
internal sealed partial class RaucSlots(IUpdateDisk disk, SlotFile slots, RaucCommand rauc, int trialStarts, Func<string, string> pathOf, Func<string> boot, TimeProvider time, ILogger logger) : IBootLoader
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(10);

    /// <summary>What a system is called of which RAUC has no bundle: the one that the factory wrote.</summary>
    private const string UnknownVersion = "0";

    /// <summary>By Linux, of this start of the machine.</summary>
    public static string BootId() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    public async Task<bool> BeginAsync(CancellationToken cancellationToken)
    {
        var status = await rauc.StatusAsync(cancellationToken);
        if (slots.Read() is not { } state)
        {
            slots.Write(SlotMachine.First(ContentOf(status[status.Booted]), status.Booted));
            return false;
        }
        var (next, step) = SystemSlots.Started(state, status.Booted, boot());
        if (step is SystemStep.Stay)
            await rauc.MarkAsync("active", status[status.Booted], cancellationToken);
        if (step is SystemStep.Adopt)
        {
            next = SystemSlots.Adopt(state, status.Booted, ContentOf(status[status.Booted]));
            Adopted(logger, status[status.Booted].Name, next[next.Good]!.Version);
        }
        if (next != state)
            slots.Write(next);
        if (step is SystemStep.GoBack)
            await GoBackAsync(status, cancellationToken);
        else if (next.Trial is null)
            await rauc.MarkAsync("good", status[status.Booted], cancellationToken); // A boot loader counts the starts of what has proved itself too.
        return step is SystemStep.Restart or SystemStep.GoBack;
    }

    /// <summary>A bundle is not what is in the slot.</summary>
    public Stream? OpenGood() => null;

    /// <summary>The slots are elsewhere.</summary>
    public bool EmptySpare() => false;

    public async Task InstallAsync(UpdateJob job, UpdateManifest update, string name, CancellationToken cancellationToken)
    {
        var state = SystemSlots.Write(slots.Read()!, new SlotContent(update.Version, update.Sha256, update.Size, update.Counter), job.Job, trialStarts, job.ConfirmWithin);
        slots.Write(state);
        if (await WriteAsync(pathOf(name), cancellationToken) is { } why)
        {
            slots.Write(SystemSlots.NotWritten(state));
            throw new UpdateRefusedException($"RAUC does not install it: {why}");
        }
        slots.Write(SystemSlots.Written(state, boot()));
        disk.Delete(name);
    }

    /// <summary>RAUC goes on when its program is ended, and would have the new system started: see <see cref="StayAsync"/>.</summary>
    public async Task BreakOffAsync(CancellationToken cancellationToken)
    {
        if (slots.Read() is not { Trial: { Started: false, Boot: null } } state)
            return;
        await StayAsync(cancellationToken);
        slots.Write(SystemSlots.NotWritten(state));
    }

    public async Task ConfirmAsync(CancellationToken cancellationToken)
    {
        var state = slots.Read()!;
        var status = await rauc.StatusAsync(cancellationToken);
        await rauc.MarkAsync("good", status[status.Booted], cancellationToken);
        slots.Write(SlotMachine.Confirm(state));
    }

    public async Task RejectAsync(string reason, CancellationToken cancellationToken)
    {
        if (slots.Read() is { Trial: { GivenUp: null } } state)
            slots.Write(SystemSlots.GiveUp(state, reason));
        await GoBackAsync(await rauc.StatusAsync(cancellationToken), cancellationToken);
    }

    /// <summary>Why the bundle was not written; null when it was. RAUC goes on when its program is ended: before anything else is done it has to be idle, and to start what runs.</summary>
    private async Task<string?> WriteAsync(string bundle, CancellationToken cancellationToken)
    {
        try
        {
            return await rauc.InstallAsync(bundle, cancellationToken);
        }
        catch (TimeoutException e)
        {
            while (!await TryStayAsync(cancellationToken))
                await Task.Delay(AskAgain, time, cancellationToken);
            return e.Message;
        }
    }

    private async Task<bool> TryStayAsync(CancellationToken cancellationToken)
    {
        try
        {
            await StayAsync(cancellationToken);
            return true;
        }
        catch (BootLoaderException e)
        {
            Busy(logger, e.Message);
            return false;
        }
    }

    /// <summary>Has what runs started next.</summary>
    /// <exception cref="BootLoaderException">RAUC does not answer, as while it installs.</exception>
    private async Task StayAsync(CancellationToken cancellationToken)
    {
        var status = await rauc.StatusAsync(cancellationToken);
        await rauc.MarkAsync("active", status[status.Booted], cancellationToken);
    }

    private async Task GoBackAsync(RaucStatus status, CancellationToken cancellationToken)
    {
        await rauc.MarkAsync("bad", status[status.Booted], cancellationToken);
        await rauc.MarkAsync("active", status.Booted == Slot.A ? status.B : status.A, cancellationToken);
    }

    private static SlotContent ContentOf(RaucSlot slot) => new(slot.Version ?? UnknownVersion, "", 0, 0);

    [LoggerMessage(4630, LogLevel.Warning, "The machine runs from {Slot}, which somebody else has chosen; its version is taken to be {Version}.")]
    private static partial void Adopted(ILogger logger, string slot, string version);

    [LoggerMessage(4631, LogLevel.Warning, "An installation has not ended in time; RAUC is waited for: {Reason}.")]
    private static partial void Busy(ILogger logger, string reason);
}
