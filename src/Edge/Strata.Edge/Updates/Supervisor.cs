using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Strata.Core.Updates.Manifests;
using Strata.Core.Updates.Slots;
using Strata.Edge.CommandLine;
using Strata.Edge.Watching;
using Strata.Storage;

namespace Strata.Edge.Updates;

/// <summary>
/// Starts the program of the slot that is next, and again when it ends or hangs; gives a version that is tried up when it ends, hangs or is not confirmed in time. It is small so that it need not be updated: it is what the device starts.
/// </summary>
/// <param name="watchdog">Notices that the program hangs; null to let it.</param>
internal sealed partial class Supervisor(UpdateFolder folder, SlotFile loader, IReadOnlyList<string> arguments, TimeSpan confirmWithin, Watchdog? watchdog, TimeProvider time, ILogger logger)
{
    /// <summary>Tells the program that it is supervised, and from which slot it runs.</summary>
    public const string SlotVariable = "STRATA_SLOT";

    private const string FolderVariable = "STRATA_UPDATES";

    /// <summary>What the trial has beyond the time in which the program judges itself.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);
    private const int Terminate = 15;
    private const int AtOnce = 9;
    private const string PidFile = "program.pid";

    /// <summary>What stands in the slots where it could not be written, because the disk is full: a version that was tried is given up.</summary>
    private volatile SlotState? unwritten;

    /// <summary>The slot that this program was started from; null where no supervisor did.</summary>
    public static Slot? SlotOfThis => Environment.GetEnvironmentVariable(SlotVariable) is not { } name ? null : name == SlotText.Name(Slot.B) ? Slot.B : Slot.A;

    /// <summary>Puts the first program into slot A; nothing when there is one.</summary>
    /// <exception cref="EdgeConfigurationException">It cannot be read, or there is none and none is given.</exception>
    public void Install(string? program, string version)
    {
        if (loader.Read() is not null)
            return;
        if (program is null || !File.Exists(program))
            throw new EdgeConfigurationException($"There is no program in the slots yet; name one by --install FILE.{(program is null ? "" : $" {program} is not there.")}");
        if (!UpdateVersion.IsVersion(version))
            throw new EdgeConfigurationException($"--install-version is '{version}'; it takes 1 to {UpdateVersion.MaxLength} letters, digits, '.', '_', '+', '-', ':'.");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long size = 0;
        using (var from = File.OpenRead(program))
        using (var into = folder.Write(SlotFile.ProgramOf(Slot.A), 0))
        {
            var buffer = new byte[64 * 1024];
            while (from.Read(buffer) is var read && read > 0)
            {
                hash.AppendData(buffer, 0, read);
                into.Write(buffer.AsSpan(0, read));
                size += read;
            }
            into.Sync();
        }
        folder.SyncNames(SlotFile.ProgramOf(Slot.A));
        loader.Write(SlotMachine.First(new SlotContent(version, Convert.ToHexStringLower(hash.GetHashAndReset()), size, 0)));
    }

    /// <summary>Runs until it is told to stop, or the program ends for good; gives the program's exit code.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        EndOrphan();
        for (var failures = 0; ;)
        {
            var state = Next();
            var slot = SlotMachine.Started(state);
            var began = time.GetTimestamp();
            var ended = await RunOnceAsync(slot, state.Trial is { } on ? on.ConfirmWithin ?? confirmWithin : null, cancellationToken);
            if (cancellationToken.IsCancellationRequested)
                return 0;
            if (loader.Read() is { Trial: { Started: true } trial } tried && trial.Slot == slot)
            {
                // It neither confirmed itself nor was given up: it ended, or had to be ended.
                GoesWrong(logger, tried[slot]!.Version, ended.How);
                if (ended.IsGivenUp || trial.StartsLeft == 0)
                    Write(SlotMachine.Reject(tried, ended.How));
                continue;
            }
            if (ended.Code is 0 or EdgeCommand.Wiped)
                return ended.Code;
            if (ended.Code == EdgeCommand.RestartForUpdate)
                continue;
            failures = time.GetElapsedTime(began) > LongestWait ? 1 : failures + 1;
            var wait = TimeSpan.FromSeconds(Math.Min(LongestWait.TotalSeconds, Math.Pow(2, failures - 1)));
            Ended(logger, ended.How, wait.TotalSeconds);
            await Task.Delay(wait, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>A program whose supervisor was killed holds its folder for a moment; the start of the next must not fail for that.</summary>
    private void EndOrphan()
    {
        var file = folder.PathOf(PidFile);
        if (!File.Exists(file) || !int.TryParse(File.ReadAllText(file), out var id) || !IsSupervised(id))
            return;
        _ = Kill(id, AtOnce);
        SpinWait.SpinUntil(() => !IsSupervised(id), StopLimit);
    }

    /// <summary>Whether the process is there and was started by a supervisor of this folder.</summary>
    private bool IsSupervised(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/environ").Contains($"{FolderVariable}={folder.PathOf("")}\0", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // It is gone, or somebody else's.
        }
    }

    /// <summary>Counts a start before it is made. A version whose start cannot be counted, because the disk is full, is not tried: the one before is started.</summary>
    private SlotState Next()
    {
        var before = unwritten ?? loader.Read() ?? throw new EdgeConfigurationException("There is no program in the slots.");
        var next = SlotMachine.Start(before);
        if (next == before || Write(next))
            return next;
        return next.Trial is null ? next : unwritten = SlotMachine.Reject(before, "the disk is full, so that its starts could not be counted");
    }

    /// <returns>False when the disk is full; it is tried again while a program runs.</returns>
    private bool Write(SlotState state)
    {
        try
        {
            loader.Write(state);
            unwritten = null;
            return true;
        }
        catch (IOException e) when (SafeFiles.IsFull(e))
        {
            if (unwritten is null)
                NotWritten(logger, e.Message, LongestWait.TotalSeconds);
            unwritten = state;
            return false;
        }
    }

    /// <summary>Completes when all is written, or it is cancelled.</summary>
    private async Task UntilWrittenAsync(CancellationToken cancellationToken)
    {
        while (unwritten is { } state)
        {
            await Task.Delay(LongestWait, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellationToken.IsCancellationRequested)
                return;
            if (Write(state))
                Written(logger);
        }
    }

    private async Task<(int Code, bool IsGivenUp, string How)> RunOnceAsync(Slot slot, TimeSpan? within, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(folder.PathOf(SlotFile.ProgramOf(slot))) { UseShellExecute = false };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment[SlotVariable] = SlotText.Name(slot);
        start.Environment[FolderVariable] = folder.PathOf("");
        start.Environment[ServiceNotifier.SocketVariable] = watchdog?.Path;
        start.Environment[ServiceNotifier.LimitVariable] = watchdog is null ? null : $"{watchdog.Limit.TotalMicroseconds:0}";
        if (watchdog is not null)
            await watchdog.ForgetAsync();
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            return (126, false, $"it cannot be started: {e.Message}");
        }
        using (process)
        {
            await NoteAsync(process.Id);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var never = Task.Delay(Timeout.InfiniteTimeSpan, time, ending.Token);
            var ended = process.WaitForExitAsync(ending.Token);
            var writing = UntilWrittenAsync(ending.Token);
            var late = within is { } limit ? UntilLateAsync(slot, limit + Grace, ending.Token) : never;
            var silent = watchdog?.UntilSilentAsync(ending.Token) ?? never;
            var first = await Task.WhenAny(ended, silent, late);
            await ending.CancelAsync();
            await writing;
            if (ended.IsCompletedSuccessfully)
                return (process.ExitCode, false, $"it ended with {process.ExitCode}");
            var hangs = first == silent && !cancellationToken.IsCancellationRequested;
            await EndAsync(process, hangs ? TimeSpan.Zero : StopLimit);
            return (process.ExitCode, !cancellationToken.IsCancellationRequested, hangs
                ? $"it gave no sign of life for {watchdog!.Limit.TotalSeconds:0} s and was ended"
                : $"it was not confirmed within {within?.TotalSeconds:0} s of its start and was ended");
        }
    }

    /// <summary>Who runs, for a supervisor that comes after one that was killed; a program that cannot be noted runs all the same.</summary>
    private async Task NoteAsync(int process)
    {
        try
        {
            await File.WriteAllTextAsync(folder.PathOf(PidFile), process.ToString(System.Globalization.CultureInfo.InvariantCulture), CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NotNoted(logger, PidFile, e.Message);
        }
    }

    /// <summary>Completes when the time of a trial is over; a trial that was confirmed meanwhile is not late any more.</summary>
    private async Task UntilLateAsync(Slot slot, TimeSpan limit, CancellationToken cancellationToken)
    {
        await Task.Delay(limit, time, cancellationToken);
        if (loader.Read() is { Trial: null } state && state.Good == slot)
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
    }

    /// <param name="limit">How long it may take to end by itself.</param>
    private async Task EndAsync(Process process, TimeSpan limit)
    {
        if (!process.HasExited && limit > TimeSpan.Zero)
            _ = Kill(process.Id, Terminate);
        using var over = new CancellationTokenSource(limit, time);
        try
        {
            await process.WaitForExitAsync(over.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <summary>The process that has started this one, or has inherited it.</summary>
    [LibraryImport("libc", EntryPoint = "getppid")]
    public static partial int Parent();

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    [LoggerMessage(4620, LogLevel.Warning, "Version {Version}, which is being tried: {Reason}.")]
    private static partial void GoesWrong(ILogger logger, string version, string reason);

    [LoggerMessage(4622, LogLevel.Warning, "{File} cannot be written: {Reason}.")]
    private static partial void NotNoted(ILogger logger, string file, string reason);

    [LoggerMessage(4623, LogLevel.Error, "What is in the slots cannot be written: {Reason}. The version that has proved itself runs; it is tried again every {Seconds} s.")]
    private static partial void NotWritten(ILogger logger, string reason, double seconds);

    [LoggerMessage(4624, LogLevel.Information, "What is in the slots is written.")]
    private static partial void Written(ILogger logger);

    [LoggerMessage(4621, LogLevel.Warning, "The agent: {Reason}. It is started again in {Seconds} s.")]
    private static partial void Ended(ILogger logger, string reason, double seconds);
}
