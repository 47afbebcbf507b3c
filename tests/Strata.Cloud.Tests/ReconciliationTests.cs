using Strata.Cloud.Contracts;
using Strata.Cloud.Operations;
using Strata.Telemetry;

namespace Strata.Cloud.Tests;

/// <summary>The arithmetic of the statistics on figures that can be checked by hand.</summary>
public sealed class ReconciliationTests
{
    private static readonly DateTimeOffset At = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly LatencyInfo None = new(null, null, null, 0);

    [Fact]
    public void Nothing_has_passed()
    {
        var statistics = Reconcile([], [], new StoreTotals(0, 0, 0, 0, 0));
        Assert.Equal(0, statistics.Unexplained);
        Assert.Null(statistics.Reduction);
        Assert.Null(statistics.EdgeReduction);
        Assert.Null(statistics.FogReduction);
        Assert.Null(statistics.BytesReduction);
        Assert.Equal("cloud", Assert.Single(statistics.Processes).Process);
    }

    [Fact]
    public void A_drained_system_balances()
    {
        // 1,000 samples: 800 suppressed; of the 200 sent, 150 only in 10 windows, 50 raw.
        var statistics = Reconcile(
            [Edge("t-1", taken: 1000, sent: 200, suppressed: 800, bytesIn: 60_000, bytesOut: 12_000)],
            [Fog("gw", readingsIn: 200, recordsOut: 60, aggregated: 150, bytesOut: 4_500)],
            new StoreTotals(Readings: 70, Aggregated: 150, Windows: 10, Gaps: 0, Lost: 0, Health: 20), bytesIn: 4_500);
        Assert.Equal((800, 150, 50, 0, 0), (statistics.Suppressed, statistics.Aggregated, statistics.Stored, statistics.Waiting, statistics.Lost));
        Assert.Equal(0, statistics.Unexplained);
        Assert.Equal(1 - (60.0 / 1000), statistics.Reduction);
        Assert.Equal(1 - (200.0 / 1000), statistics.EdgeReduction);
        Assert.Equal(1 - (60.0 / 200), statistics.FogReduction);
        Assert.Equal(1 - (4_500.0 / 60_000), statistics.BytesReduction);
        Assert.Equal(new FlowInfo(200, 0, 4_500, 0, 60, 0), statistics.Cloud);
    }

    [Fact]
    public void Readings_of_policy_both_count_as_stored_though_the_windows_contain_them()
    {
        var statistics = Reconcile(
            [Edge("t-1", taken: 100, sent: 100, suppressed: 0)], [Fog("gw", readingsIn: 100, recordsOut: 110, aggregated: 0)],
            new StoreTotals(Readings: 100, Aggregated: 100, Windows: 10, Gaps: 0, Lost: 0));
        Assert.Equal((0L, 100L, 0L), (statistics.Aggregated, statistics.Stored, statistics.Unexplained));
    }

    [Fact]
    public void A_window_that_the_cloud_does_not_have_is_unexplained()
    {
        var statistics = Reconcile(
            [Edge("t-1", taken: 100, sent: 100, suppressed: 0)], [Fog("gw", readingsIn: 100, recordsOut: 10, aggregated: 100)],
            new StoreTotals(Readings: 0, Aggregated: 90, Windows: 9, Gaps: 0, Lost: 0));
        Assert.Equal(10, statistics.Unexplained);
    }

    [Fact]
    public void What_waits_and_what_was_lost_is_accounted_for()
    {
        var statistics = Reconcile(
            [Edge("t-1", taken: 100, sent: 80, suppressed: 0, waiting: 15, lost: 5)], [Fog("gw", readingsIn: 80, recordsOut: 40, aggregated: 0, waiting: 30, lost: 10)],
            new StoreTotals(Readings: 40, Aggregated: 0, Windows: 0, Gaps: 2, Lost: 10));
        Assert.Equal((45L, 15L, 0L), (statistics.Waiting, statistics.Lost, statistics.Unexplained));
        Assert.Equal(2, statistics.Gaps);
    }

    [Fact]
    public void Devices_without_an_agent_count_with_what_was_received_of_them()
    {
        var statistics = Reconcile([Edge("devices without an agent", taken: 7, sent: 7, suppressed: 0)], [], new StoreTotals(7, 0, 0, 0, 0));
        Assert.Equal((7L, 7L, 0L, 0.0), (statistics.Edge.ReadingsIn, statistics.Stored, statistics.Unexplained, statistics.Reduction));
    }

    private static StatisticsInfo Reconcile(IReadOnlyList<ProcessBooks> sources, IReadOnlyList<ProcessBooks> gateways, StoreTotals totals, long bytesIn = 0) =>
        Reconciliation.Reconcile(new TierFigures(sources, gateways, totals, bytesIn, 0, None, None, 0, At));

    private static ProcessBooks Edge(string id, long taken, long sent, long suppressed, long waiting = 0, long lost = 0, long bytesIn = 0, long bytesOut = 0) =>
        new("edge", id, new FlowInfo(taken, sent, bytesIn, bytesOut, taken, sent), suppressed, 0, 0, waiting, 0, 0, lost, null, 0, 0, At);

    private static ProcessBooks Fog(string id, long readingsIn, long recordsOut, long aggregated, long waiting = 0, long lost = 0, long bytesOut = 0) =>
        new("fog", id, new FlowInfo(readingsIn, readingsIn, 0, bytesOut, readingsIn, recordsOut), 0, aggregated, 0, waiting, 0, 0, lost, true, 0, 0, At);
}
