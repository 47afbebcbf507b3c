using Microsoft.Extensions.Time.Testing;
using Strata.Node.Artifacts;

namespace Strata.Node.Tests.Artifacts;

/// <summary>How fast downloads may be, by a clock of the test's.</summary>
public sealed class DownloadGateTests
{
    private readonly FakeTimeProvider time = new();
    private readonly DownloadGate gate;

    public DownloadGateTests() => gate = new DownloadGate(time);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_of_one_tenant_have_its_rate_together_and_each_its_own()
    {
        using var first = gate.Enter(Tenant(2_000), Reader("a", 1_000))!;
        using var second = gate.Enter(Tenant(2_000), Reader("b", 0))!;
        await first.PaceAsync(1_000, Cancel);
        await second.PaceAsync(1_000, Cancel); // A second's worth, after a rest.
        var (own, whole) = (first.PaceAsync(1_000, Cancel).AsTask(), second.PaceAsync(4_000, Cancel).AsTask());
        await AdvanceAsync(0.9, own, whole);
        Assert.Equal((false, false), (own.IsCompleted, whole.IsCompleted));
        await AdvanceAsync(0.2, own);
        Assert.Equal((true, false), (own.IsCompleted, whole.IsCompleted));
        await AdvanceAsync(1.3, whole);
        Assert.False(whole.IsCompleted);
        await AdvanceAsync(0.2, whole);
        Assert.True(whole.IsCompleted);
    }

    [Fact]
    public async Task Many_small_requests_are_no_faster_than_one_large_one()
    {
        var paces = new List<Task>();
        for (var i = 0; i < 6; i++)
        {
            using var passage = gate.Enter(Tenant(1_000))!;
            paces.Add(passage.PaceAsync(1_000, Cancel).AsTask());
        }
        await AdvanceAsync(4.9, paces[4]);
        Assert.Equal((true, true, false), (paces[0].IsCompleted, paces[4].IsCompleted, paces[5].IsCompleted));
        await AdvanceAsync(0.2, paces[5]);
        Assert.True(paces[5].IsCompleted);
    }

    [Fact]
    public void What_would_only_wait_is_told_to_come_later()
    {
        using (var slow = gate.Enter(Tenant(1_000))!)
            _ = slow.PaceAsync(12_001, Cancel).AsTask();
        Assert.Null(gate.Enter(Tenant(1_000), Reader("b", 0)));
        time.Advance(TimeSpan.FromSeconds(2));
        using var later = gate.Enter(Tenant(1_000), Reader("b", 0));
        Assert.NotNull(later);
    }

    [Fact]
    public void A_rate_that_is_said_anew_holds_at_once()
    {
        using var running = gate.Enter(Tenant(1_000))!;
        _ = running.PaceAsync(1_000_000, Cancel).AsTask();
        Assert.Null(gate.Enter(Tenant(1_000)));
        using var free = gate.Enter(Tenant(0))!;
        Assert.True(free.PaceAsync(1_000_000, Cancel).AsTask().IsCompleted);
        using var bounded = gate.Enter(Tenant(500))!;
        Assert.True(running.PaceAsync(500, Cancel).AsTask().IsCompleted);
        Assert.False(running.PaceAsync(500, Cancel).AsTask().IsCompleted, "what ran before has the new rate too");
    }

    [Fact]
    public void So_many_run_at_once_and_one_that_is_refused_takes_no_place()
    {
        using var first = gate.Enter(Tenant(0), new DownloadLane("a", 1, 0));
        Assert.Null(gate.Enter(new DownloadLane("main", 2, 0), new DownloadLane("a", 1, 0)));
        using var second = gate.Enter(new DownloadLane("main", 2, 0), new DownloadLane("b", 1, 0));
        Assert.NotNull(second);
        Assert.Null(gate.Enter(new DownloadLane("main", 2, 0), new DownloadLane("c", 1, 0)));
        first!.Dispose();
        first.Dispose();
        using var third = gate.Enter(new DownloadLane("main", 2, 0), new DownloadLane("a", 1, 0));
        Assert.NotNull(third);
        Assert.Null(gate.Enter(new DownloadLane("main", 2, 0), new DownloadLane("d", 1, 0)));
    }

    [Fact]
    public void Lanes_that_have_rested_are_forgotten_and_no_others()
    {
        for (var i = 0; i < 1_000; i++)
        {
            using var passage = gate.Enter(Reader($"r{i}", 1_000))!;
            _ = passage.PaceAsync(i == 7 ? 5_000 : 1, Cancel).AsTask();
        }
        time.Advance(TimeSpan.FromSeconds(3));
        using var last = gate.Enter(Tenant(0));
        Assert.Equal(2, gate.Count);
    }

    [Fact]
    public async Task A_stream_gives_bytes_as_they_may_go()
    {
        using var passage = gate.Enter(Tenant(1_024))!;
        await using var stream = new PacedStream(new MemoryStream(new byte[40_000]), passage.PaceAsync);
        var reading = stream.ReadAsync(new byte[40_000], Cancel).AsTask();
        await AdvanceAsync(14, reading);
        Assert.False(reading.IsCompleted);
        await AdvanceAsync(1.1, reading);
        Assert.Equal(16_384, await reading.WaitAsync(TimeSpan.FromSeconds(20), Cancel));
    }

    private static DownloadLane Tenant(long bytesPerSecond) => new("main", 100, bytesPerSecond);

    private static DownloadLane Reader(string name, long bytesPerSecond) => new($"main\n{name}", 4, bytesPerSecond);

    /// <summary>Time goes on; what became due by it has run when this returns.</summary>
    private async Task AdvanceAsync(double seconds, params Task[] due)
    {
        time.Advance(TimeSpan.FromSeconds(seconds));
        for (var i = 0; i < 100 && due.Any(d => !d.IsCompleted); i++)
            await Task.Yield();
    }
}
