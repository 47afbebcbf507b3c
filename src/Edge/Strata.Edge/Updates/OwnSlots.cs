using Strata.Core.Updates.Manifests;
using Strata.Core.Updates.Slots;

namespace Strata.Edge.Updates;

/// <summary>The agent's own two slots: a program in each, of which <see cref="Supervisor"/> starts one and counts it.</summary>
internal sealed class OwnSlots(IUpdateDisk disk, SlotFile slots, int trialStarts) : IBootLoader
{
    public Task<bool> BeginAsync(CancellationToken cancellationToken) => Task.FromResult(false);

    public Stream? OpenGood() => slots.Read() is { } state ? disk.Read(SlotFile.ProgramOf(state.Good)) : null;

    public bool EmptySpare()
    {
        var state = slots.Read()!;
        if (state.Trial is not null || state[state.Spare] is null)
            return false;
        slots.Write(SlotMachine.Erase(state));
        disk.Delete(SlotFile.ProgramOf(state.Spare));
        return true;
    }

    public Task InstallAsync(UpdateJob job, UpdateManifest update, string name, CancellationToken cancellationToken)
    {
        var state = slots.Read()!;
        var spare = SlotFile.ProgramOf(state.Spare);
        slots.Write(state = SlotMachine.Erase(state));
        disk.Rename(name, spare);
        disk.SyncNames(spare);
        if (disk.Hash(spare) is var (found, length) && (found != update.Sha256 || length != update.Size))
            throw new UpdateRefusedException("what was written into the slot is read as something else: the disk is failing");
        slots.Write(state = SlotMachine.Fill(state, new SlotContent(update.Version, update.Sha256, update.Size, update.Counter)));
        slots.Write(SlotMachine.Try(state, job.Job, trialStarts, job.ConfirmWithin));
        return Task.CompletedTask;
    }

    /// <summary>A program is tried when all of it was written, not before.</summary>
    public Task BreakOffAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ConfirmAsync(CancellationToken cancellationToken)
    {
        slots.Write(SlotMachine.Confirm(slots.Read()!));
        return Task.CompletedTask;
    }

    public Task RejectAsync(string reason, CancellationToken cancellationToken)
    {
        slots.Write(SlotMachine.Reject(slots.Read()!, reason));
        return Task.CompletedTask;
    }
}
