using Strata.Core.Updates.Slots;
using Strata.Edge.Updates;

namespace Strata.Edge.Tests.Updates;

/// <summary>A disk that is full, and has nothing kept for that any more, does not end the supervisor.</summary>
public sealed class FullDiskTests : IAsyncDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly WaitingTime time = new();
    private readonly ListLogger log = new();
    private readonly CancellationTokenSource stopping = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private Task<int> running = Task.FromResult(0);

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAny(running);
        stopping.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(0, false, "the disk is full, so that its starts could not be counted")]
    [InlineData(1, true, "it ended with 3")]
    public async Task The_version_that_has_proved_itself_runs_and_what_became_of_the_other_is_written_when_there_is_room(int writes, bool isTried, string reason)
    {
        var place = new UpdateFolder(Path.Combine(folder.Path, "updates"));
        var disk = new FillingDisk(place);
        var slots = new SlotFile(disk);
        var supervisor = new Supervisor(place, slots, [], TimeSpan.FromMinutes(5), null, time, log);
        supervisor.Install(folder.File("first.sh", "#!/bin/sh\nexec sleep 1000\n"), "1.0");
        var spare = Path.Combine(folder.Path, "updates", "b", "program");
        await File.WriteAllTextAsync(spare, "#!/bin/sh\nexit 3\n", stopping.Token);
        File.SetUnixFileMode(spare, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        slots.Write(SlotMachine.Try(SlotMachine.Fill(slots.Read()!, new SlotContent("2.0", new string('0', 64), 1, 0)), "j1", 1));
        (disk.Left, disk.Takes) = (writes, false);
        running = supervisor.RunAsync(stopping.Token);
        await Deadline.For(Task.WhenAny(running, time.UntilWaitedAsync(TimeSpan.FromMinutes(1), 1)), "the supervisor to try again later");
        Assert.False(running.IsCompleted, running.Exception?.Message);
        await log.UntilAsync("What is in the slots cannot be written: No space left on device. The version that has proved itself runs; it is tried again every 60 s.");
        Assert.Equal(isTried, slots.Read()!.Trial!.Started);
        time.Advance(TimeSpan.FromMinutes(1));
        await Deadline.For(Task.WhenAny(running, time.UntilWaitedAsync(TimeSpan.FromMinutes(1), 2)), "the supervisor to try again once more");
        Assert.False(running.IsCompleted, running.Exception?.Message);
        disk.Takes = true;
        time.Advance(TimeSpan.FromMinutes(1));
        await log.UntilAsync("What is in the slots is written.");
        Assert.Equal((Slot.A, new SlotOutcome("j1", "rolledBack", reason, "1.0")), (slots.Read()!.Good, slots.Read()!.Outcome));
        Assert.Single(log.Lines, l => l.Contains("cannot be written", StringComparison.Ordinal));
        await stopping.CancelAsync();
        Assert.Equal(0, await Deadline.For(running, "the supervisor ends its program"));
    }

    /// <summary>A folder on a disk that becomes full.</summary>
    private sealed class FillingDisk(UpdateFolder folder) : IUpdateDisk
    {
        /// <summary>Writes that it still takes.</summary>
        public int Left { get; set; }

        /// <summary>Whether there is room.</summary>
        public bool Takes { get; set; } = true;

        public long Free => folder.Free;

        public Stream? Read(string name) => folder.Read(name);

        public long Length(string name) => name == UpdateDisks.Reserve ? -1 : folder.Length(name);

        public IUpdateFile Write(string name, long keep) => Takes || Left-- > 0 ? folder.Write(name, keep) : throw new IOException("No space left on device", 28);

        public void Rename(string from, string to) => folder.Rename(from, to);

        public void Delete(string name) => folder.Delete(name);

        public void SyncNames(string name) => folder.SyncNames(name);

        public IReadOnlyList<string> List(string under) => folder.List(under);
    }
}
