using Strata.Core.Updates.Slots;
using Strata.Edge.Sources;
using Strata.Edge.Tests.Delivery;
using Strata.Edge.Tests.Updates.Rauc;
using Strata.Edge.Updates;
using Strata.Edge.Updates.Rauc;

namespace Strata.Edge.Tests.Updates;

/// <summary>A disk that is full is waited for; one that fails ends the agent, which is started again: nobody goes on without updates and says nothing.</summary>
public sealed class FaultTests : IDisposable
{
    private static readonly TimeSpan TellAgain = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SayAgain = TimeSpan.FromSeconds(20);
    private readonly TemporaryFolder folder = new();
    private readonly ListLogger log = new();
    private readonly WaitingTime time = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Updates => Path.Combine(folder.Path, "updates");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_version_that_has_proved_itself_while_the_disk_is_full_is_confirmed_when_there_is_room_again()
    {
        using var device = new TestDevice();
        await device.InstallAsync();
        device.Loader.Write(SlotMachine.Start(device.Loader.Read()!));
        await ServeAsync(device, new JobLink { Answer = _ => null }, async agent =>
        {
            device.Disk.Free = 0;
            var proving = agent.ProveAsync(Cancel);
            await log.UntilAsync("No space left on device. It is asked again.");
            await Deadline.For(time.UntilWaitedAsync(TellAgain, 1), "the agent waits");
            device.Disk.Free = long.MaxValue;
            time.Advance(TellAgain);
            await Deadline.For(proving, "it is confirmed");
            Assert.Equal((Slot.B, "succeeded"), (device.Loader.Read()!.Good, device.Loader.Read()!.Outcome!.State));
        });
    }

    [Fact]
    public async Task That_something_was_told_is_noted_when_there_is_room_again()
    {
        using var device = new TestDevice();
        device.Loader.Write(SlotMachine.Fail(device.Loader.Read()!, "j1", "it is for another model", "1.0"));
        await ServeAsync(device, new JobLink(), async agent =>
        {
            device.Disk.Free = 0;
            await agent.ProveAsync(Cancel);
            await log.UntilAsync("No space left on device. It is asked again.");
            device.Disk.Free = long.MaxValue;
            var told = Deadline.For(time.UntilWaitedAsync(device.Options.AskEvery, 1), "the agent has nothing to say any more");
            while (!told.IsCompleted)
            {
                time.Advance(SayAgain);
                await Task.Yield();
            }
            await told;
        });
        Assert.Null(device.Loader.Read()!.Outcome);
    }

    [Fact]
    public async Task That_a_version_is_given_up_is_noted_on_a_full_disk_too()
    {
        using var device = new TestDevice();
        device.Disk.KeepReserve();
        Assert.Equal(64 * 1024, device.Disk.Length(UpdateDisks.Reserve));
        await device.InstallAsync();
        device.Loader.Write(SlotMachine.Start(device.Loader.Read()!));
        Fill(device.Disk);
        device.Loader.Write(SlotMachine.Reject(device.Loader.Read()!, "it ended with 3"));
        Assert.Equal("rolledBack", device.Loader.Read()!.Outcome!.State);
        Assert.Equal(-1, device.Disk.Length(UpdateDisks.Reserve));
        Fill(device.Disk);
        device.Disk.KeepReserve();
        Assert.Equal(-1, device.Disk.Length(UpdateDisks.Reserve));
        Assert.Throws<IOException>(() => device.Loader.Write(SlotMachine.Told(device.Loader.Read()!)));
        device.Disk.Quota = long.MaxValue;
        device.Disk.KeepReserve();
        Assert.Equal(64 * 1024, device.Disk.Length(UpdateDisks.Reserve));

        // Not a byte is left beside what is there.
        static void Fill(FakeDisk disk) => disk.Quota = new[] { "", "a", "b", "download" }.Sum(f => (f.Length == 0 ? ["keys.json", "slots.json", "slots.json.next", UpdateDisks.Reserve] : disk.List(f)).Sum(n => Math.Max(0, disk.Length(n))));
    }

    [Fact]
    public void A_folder_of_updates_keeps_room_for_what_has_to_be_written()
    {
        _ = new UpdateFolder(Updates);
        Assert.Equal(64 * 1024, new FileInfo(Path.Combine(Updates, "reserve")).Length);
    }

    [Fact]
    public async Task An_agent_that_cannot_note_what_was_started_ends()
    {
        Directory.CreateDirectory(Path.Combine(Updates, "slots.json.next")); // So no slots.json can be written.
        var rauc = new FakeRauc(Directory.CreateDirectory(Path.Combine(folder.Path, "machine")).FullName);
        await using var agent = new RunningAgent(Options(new UpdateOptions { Folder = Updates, Model = "T-100", Rauc = new RaucOptions { Program = rauc.Program } }, "mqtt://127.0.0.1:1"));
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => Deadline.For(agent.Task, "the agent ends"));
    }

    [Fact]
    public async Task An_agent_that_cannot_speak_of_updates_any_more_ends_while_its_connection_stands()
    {
        new SlotFile(new UpdateFolder(Updates)).Write(SlotMachine.First(new SlotContent("1.0", TestDevice.Hash(TestDevice.Old), TestDevice.Old.Length, 3)));
        await using var gateway = new FakeGateway();
        gateway.Close();
        await using var agent = new RunningAgent(Options(new UpdateOptions { Folder = Updates, Model = "T-100" }, gateway.Address));
        while (!File.Exists(Path.Combine(agent.Folder, "status.json")))
            await Task.Yield();
        folder.File("updates/slots.json", "{");
        gateway.Open();
        await Assert.ThrowsAsync<InvalidDataException>(() => Deadline.For(agent.Task, "the agent ends"));
    }

    /// <summary>Of an agent that would not end by itself.</summary>
    private EdgeOptions Options(UpdateOptions updates, string gateway)
    {
        var room = RunningAgent.Room(folder.Path, gateway);
        return room with { Updates = updates, Source = (ReplayOptions)room.Source with { ExitAtEnd = false }, StatusInterval = TimeSpan.FromHours(1), FlushLimit = TimeSpan.Zero };
    }

    /// <summary>While the cloud can be reached.</summary>
    private async Task ServeAsync(TestDevice device, JobLink link, Func<UpdateAgent, Task> work)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        using var agent = new UpdateAgent(device.Options, device.Disk, device.Loader, device.Slots, device.Source, time, log);
        var serving = agent.ServeAsync(link, ending.Token);
        await work(agent);
        await ending.CancelAsync();
        await Deadline.For(serving, "the connection is over");
    }
}
