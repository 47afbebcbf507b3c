using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;

namespace Strata.Core.Tests.Dataflow;

/// <summary>The windows by brute force: at each microsecond, which value of each device stands?</summary>
internal static class NaiveWindows
{
    public static List<WindowMetric> Compute(long start, long length, IReadOnlyList<GroupMember> members, IReadOnlyList<WindowSample> samples)
    {
        var result = new List<WindowMetric>();
        foreach (var metric in samples.Select(s => s.Metric).Distinct().OrderBy(m => m.Value, StringComparer.Ordinal))
        {
            var ticks = new List<(double Value, DeviceId Device, long Time)>();
            long count = 0;
            foreach (var member in members.OrderBy(m => m.Device.Value, StringComparer.Ordinal))
            {
                var series = new SortedDictionary<long, double>();
                foreach (var sample in samples.Where(s => s.Metric == metric && s.Device == member.Device))
                    series[sample.Time] = sample.Value;
                count += series.Keys.Count(t => t >= start && t < start + length);
                for (var tick = start; tick < start + length; tick++)
                {
                    var standing = series.Where(s => s.Key <= tick).Select(s => ((long Time, double Value)?)(s.Key, s.Value)).LastOrDefault();
                    if (standing is { } value && tick < value.Time + 2 * EventTime.Span(member.Heartbeat))
                        ticks.Add((value.Value, member.Device, value.Time));
                }
            }
            if (ticks.Count == 0)
                continue;
            var mean = ticks.Average(t => t.Value);
            var last = ticks.OrderBy(t => t.Time).ThenBy(t => t.Device.Value, StringComparer.Ordinal).Last().Value;
            result.Add(new WindowMetric(
                metric, count, mean, ticks.Min(t => t.Value), ticks.Max(t => t.Value), Math.Sqrt(ticks.Average(t => (t.Value - mean) * (t.Value - mean))), last));
        }
        return result;
    }

    public static void AssertSame(IReadOnlyList<WindowMetric> expected, IReadOnlyList<WindowMetric> actual)
    {
        Assert.Equal(expected.Select(m => m.Metric), actual.Select(m => m.Metric));
        foreach (var (e, a) in expected.Zip(actual))
        {
            Assert.Equal((e.Count, e.Min, e.Max, e.Last), (a.Count, a.Min, a.Max, a.Last));
            Assert.Equal(e.Mean, a.Mean, 1e-9);
            Assert.Equal(e.Deviation, a.Deviation, 1e-6);
        }
    }
}
