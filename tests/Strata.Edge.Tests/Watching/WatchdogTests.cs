using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core.Control;
using Strata.Core.Updates.Slots;
using Strata.Edge.Buffering;
using Strata.Edge.Control;
using Strata.Edge.Tests.Updates;
using Strata.Edge.Updates;
using Strata.Edge.Watching;

namespace Strata.Edge.Tests.Watching;

/// <summary>Programs that hang: noticed by the signs of life that they do not give any more, in reckoned time over real sockets.</summary>
public sealed class WatchdogTests : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly TemporaryFolder folder = new();
    private readonly WaitingTime time = new();
    private readonly Watchdog watchdog;
    private readonly CancellationTokenSource stopping = new();
    private Task<int> running = Task.FromResult(0);

    public WatchdogTests() => watchdog = Watchdog.Open(Path.Combine(folder.Path, "notify"), Limit, time);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        Assert.Equal(0, await Deadline.For(running, "the supervisor ends its program"));
        stopping.Dispose();
        watchdog.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task Who_gives_signs_is_let_alone_and_who_stops_is_noticed()
    {
        var silent = watchdog.UntilSilentAsync(Cancel);
        await using (var program = ServiceNotifier.To(watchdog.Path, Limit, time))
        {
            for (var sign = 1; sign <= 12; sign++)
            {
                await UntilAsync(() => watchdog.Heard == sign);
                Assert.False(silent.IsCompleted);
                await AdvanceUntilAsync(Limit / 4, () => watchdog.Heard == sign + 1);
            }
        }
        await AdvanceUntilAsync(Limit, () => silent.IsCompleted);
        Assert.True(silent.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Who_never_gave_a_sign_is_not_watched()
    {
        using var ending = new CancellationTokenSource();
        var silent = watchdog.UntilSilentAsync(ending.Token);
        await using var program = ServiceNotifier.To(watchdog.Path, TimeSpan.FromDays(1), time);
        program.Probe(_ => Task.FromResult(false));
        await UntilAsync(() => watchdog.Heard == 1); // The first, before it was told what to ask.
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => silent);

        silent = watchdog.UntilSilentAsync(Cancel);
        program.Ready();
        for (var day = 0; day < 3; day++)
            time.Advance(TimeSpan.FromDays(1));
        Assert.False(silent.IsCompleted);
        Assert.Equal(1, watchdog.Heard);
    }

    [Fact]
    public async Task What_is_no_sign_is_not_taken_for_one_however_long_it_is()
    {
        var silent = watchdog.UntilSilentAsync(Cancel);
        using var stranger = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        await stranger.ConnectAsync(new UnixDomainSocketEndPoint(watchdog.Path), Cancel);
        foreach (var text in (string[])["", "STATUS=" + new string('x', 20_000), "WATCHDOG=0", "STATUS=ready\nWATCHDOG=1"])
            await stranger.SendAsync(Encoding.ASCII.GetBytes(text), Cancel);
        await UntilAsync(() => watchdog.Heard > 0);
        Assert.Equal((1, false), (watchdog.Heard, silent.IsCompleted));
    }

    [Fact]
    public async Task Without_an_answer_to_its_probe_a_program_gives_no_sign()
    {
        var silent = watchdog.UntilSilentAsync(Cancel);
        await using var program = ServiceNotifier.To(watchdog.Path, Limit, time);
        await UntilAsync(() => watchdog.Heard == 1);
        var answer = new TaskCompletionSource<bool>();
        var asked = new TaskCompletionSource();
        program.Probe(_ =>
        {
            asked.TrySetResult();
            return answer.Task;
        });
        await AdvanceUntilAsync(Limit / 4, () => asked.Task.IsCompleted);
        await AdvanceUntilAsync(Limit, () => silent.IsCompleted);
        Assert.Equal(1, watchdog.Heard);
        answer.SetResult(true);
    }

    [Fact]
    public async Task An_agent_whose_control_loop_stands_still_gives_no_sign()
    {
        var (room, period) = (new RoomPlant(new ThermalRoomSettings { Initial = 12 }, outside: 5, speed: 1), TimeSpan.FromSeconds(1));
        var loop = new ControlLoop(new ControlOptions { Period = period }, room, room, time);
        using var log = AgentLog.Open(folder.Path, new BufferOptions(), "short", 64, time, NullLogger.Instance);
        var probe = new LifeProbe(log, loop, period, time);
        for (var cycle = 0; cycle < 3; cycle++)
        {
            loop.Cycle(time.GetTimestamp(), 0);
            Assert.True(await probe.IsAliveAsync(Cancel));
            Assert.True(await probe.IsAliveAsync(Cancel)); // Asked again before its next cycle was due.
            time.Advance(TimeSpan.FromSeconds(15));
        }
        Assert.False(await probe.IsAliveAsync(Cancel));
    }

    [Fact]
    public void A_socket_that_cannot_be_made_is_said()
    {
        var path = Path.Combine(folder.Path, new string('x', 120));
        Assert.Contains("may have about 100 characters", Assert.Throws<IOException>(() => Watchdog.Open(path, Limit, time)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proven_version_that_hangs_is_ended_and_started_again()
    {
        var (supervisor, log) = Supervise(out _);
        running = supervisor.RunAsync(stopping.Token);
        var first = await ProgramAsync(0);
        await HangAsync();
        await log.UntilAsync("The agent: it gave no sign of life for 60 s and was ended. It is started again in 1 s.");
        Assert.False(Directory.Exists($"/proc/{first}"));
        await Deadline.For(time.UntilWaitedAsync(TimeSpan.FromSeconds(1), 1), "the supervisor waits");
        time.Advance(TimeSpan.FromSeconds(1));
        await ProgramAsync(first);
    }

    [Fact]
    public async Task A_version_that_hangs_on_trial_is_given_up_at_once()
    {
        var (supervisor, _) = Supervise(out var slots);
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "updates", "b", "program"), "#!/bin/sh\nexec sleep 1000\n", Cancel);
        File.SetUnixFileMode(Path.Combine(folder.Path, "updates", "b", "program"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        slots.Write(SlotMachine.Try(SlotMachine.Fill(slots.Read()!, new SlotContent("2.0", new string('0', 64), 1, 0)), "j1", 2));
        running = supervisor.RunAsync(stopping.Token);
        var tried = await ProgramAsync(0);
        Assert.True(slots.Read()!.Trial!.Started);
        await HangAsync();
        await ProgramAsync(tried);
        var (good, outcome) = (slots.Read()!.Good, slots.Read()!.Outcome!);
        Assert.Equal((Slot.A, "rolledBack", "it gave no sign of life for 60 s and was ended", "1.0"), (good, outcome.State, outcome.Reason, outcome.Version));
    }

    [Fact]
    public async Task A_program_whose_number_cannot_be_noted_runs_all_the_same()
    {
        var (supervisor, log) = Supervise(out _);
        Directory.CreateDirectory(Path.Combine(folder.Path, "updates", "program.pid"));
        running = supervisor.RunAsync(stopping.Token);
        await UntilAsync(() => running.IsCompleted || log.Lines.Any(l => l.StartsWith("program.pid cannot be written: ", StringComparison.Ordinal)));
        Assert.False(running.IsCompleted);
        await HangAsync();
        await log.UntilAsync("The agent: it gave no sign of life for 60 s and was ended. It is started again in 1 s.");
    }

    /// <summary>Version 1.0 in its slot is a program that does nothing; what it would say the test says.</summary>
    private (Supervisor Supervisor, ListLogger Log) Supervise(out SlotFile slots)
    {
        var (log, place) = (new ListLogger(), new UpdateFolder(Path.Combine(folder.Path, "updates")));
        slots = new SlotFile(place);
        var supervisor = new Supervisor(place, slots, [], TimeSpan.FromMinutes(5), watchdog, time, log);
        supervisor.Install(folder.File("first.sh", "#!/bin/sh\nexec sleep 1000\n"), "1.0");
        return (supervisor, log);
    }

    /// <summary>One sign of life, and then none.</summary>
    private async Task HangAsync()
    {
        var before = watchdog.Heard;
        await using (ServiceNotifier.To(watchdog.Path, TimeSpan.FromDays(1), time))
            await UntilAsync(() => watchdog.Heard == before + 1);
        time.Advance(Limit);
    }

    /// <summary>The process that the supervisor has started, another than this one.</summary>
    private async Task<int> ProgramAsync(int before)
    {
        var (file, found) = (Path.Combine(folder.Path, "updates", "program.pid"), 0);
        await UntilAsync(() => File.Exists(file) && int.TryParse(File.ReadAllText(file), CultureInfo.InvariantCulture, out found) && found != before);
        return found;
    }

    private async Task AdvanceUntilAsync(TimeSpan by, Func<bool> condition)
    {
        time.Advance(by);
        await UntilAsync(condition);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var over = new CancellationTokenSource(Deadline.Default);
        while (!condition())
        {
            Assert.False(over.IsCancellationRequested, "What was awaited has not come.");
            await Task.Yield();
        }
    }
}
