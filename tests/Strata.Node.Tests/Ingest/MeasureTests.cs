using CsCheck;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Ingest;

namespace Strata.Node.Tests.Ingest;

public sealed class MeasureTests
{
    [Fact]
    public void Percentiles_are_within_four_percent_of_the_exact_ones() =>
        Gen.Double[0.001, 100_000].Array[1, 500].Sample(milliseconds =>
        {
            var histogram = new LatencyHistogram();
            foreach (var value in milliseconds)
                histogram.Record(TimeSpan.FromMilliseconds(value));
            Array.Sort(milliseconds);
            var found = histogram.Snapshot();
            return found.Count == milliseconds.Length && Near(found.P50, 0.5) && Near(found.P95, 0.95) && Near(found.P99, 0.99);

            bool Near(double? value, double share)
            {
                var exact = milliseconds[(int)Math.Ceiling(milliseconds.Length * share) - 1];
                return Math.Abs(value!.Value - exact) <= (0.04 * exact) + 0.001;
            }
        });

    [Fact]
    public void Nothing_measured_is_null_and_what_lies_outside_counts_at_the_ends()
    {
        var histogram = new LatencyHistogram();
        Assert.Null(histogram.Snapshot().P50);
        histogram.Record(TimeSpan.FromSeconds(-1));
        histogram.Record(TimeSpan.FromDays(400));

        Assert.Equal(0, histogram.Snapshot().P50);
        Assert.Equal(2, histogram.Snapshot().Count);
    }

    [Fact]
    public void The_hop_log_keeps_the_newest_by_commit_and_drops_the_longest_silent()
    {
        var log = new HopLog(capacity: 16);
        for (var i = 0; i < 17; i++)
            log.Record(TenantId.Main, Device(i), Metric, Hop(i));
        log.Record(TenantId.Main, Device(16), Metric, Hop(3));

        Assert.Equal(16, log.Count);
        Assert.False(log.TryGet(TenantId.Main, Device(0), Metric, out _));
        Assert.True(log.TryGet(TenantId.Main, Device(16), Metric, out var newest));
        Assert.Equal(16, newest.ReadingTime);
    }

    private static MetricName Metric { get; } = MetricName.Parse("m");

    private static DeviceId Device(int i) => DeviceId.Parse($"d-{i}");

    private static HopRecord Hop(int i) =>
        new(i, null, null, false, null, null, null, DateTimeOffset.UnixEpoch.AddSeconds(i), DateTimeOffset.UnixEpoch.AddSeconds(i));
}
