using Strata.Core.Devices;
using Strata.Core.Telemetry;

namespace Strata.Core.Dataflow;

/// <summary>
/// The figures of a window from its readings. Mean and deviation weigh by time: a device's value stands from its time until its next value
/// of the metric, two heartbeats at most; after that the device is a gap and has no weight. All devices of a group go into one figure, each with
/// the time that its values stood in the window. Pure: the same samples in any order give the same figures.
/// </summary>
public static class WindowMath
{
    /// <summary>How many heartbeats a value stands without a successor.</summary>
    public const int StandingHeartbeats = 2;

    /// <summary>How far before a window's start samples can still matter.</summary>
    public static long LookBack(GroupDefinition group) =>
        group.Members.Count == 0 ? 0 : group.Members.Max(Standing);

    /// <summary>The record of a window; null when no member had a value in it. Metrics that go up raw only are left out.</summary>
    /// <param name="start">Microseconds, a multiple of the group's window length.</param>
    /// <param name="samples">
    /// Readings of the members from <see cref="LookBack"/> before the start to the window's end, in any order. Of several with one device, metric and time
    /// the last in the span counts. Others' readings and earlier or later ones do no harm.
    /// </param>
    public static WindowRecord? Compute(GroupDefinition group, GatewayId gateway, long start, int revision, ReadOnlySpan<WindowSample> samples)
    {
        var length = EventTime.Span(group.Window);
        var figures = Compute(start, length, group.Members, samples, metric => group.PolicyOf(metric).InWindows);
        return figures.Metrics.Count == 0
            ? null
            : new WindowRecord(group.Id, group.Site, gateway, start, length, revision, figures.Heard, group.Members.Count, figures.Metrics);
    }

    /// <summary>The figures of <c>[start, start + length)</c>.</summary>
    /// <param name="include">Which metrics take part; null for all.</param>
    public static WindowFigures Compute(
        long start, long length, IReadOnlyList<GroupMember> members, ReadOnlySpan<WindowSample> samples, Func<MetricName, bool>? include = null)
    {
        var standing = new Dictionary<DeviceId, long>(members.Count);
        foreach (var member in members)
            standing[member.Device] = Standing(member);
        var rows = Sort(samples, standing, start + length, include);
        var heard = new HashSet<DeviceId>();
        var metrics = new List<WindowMetric>();
        var figure = new MetricFigure();
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i].Sample;
            var hasNext = i + 1 < rows.Count && SameSeries(rows[i + 1].Sample, row);
            if (hasNext && rows[i + 1].Sample.Time == row.Time)
                continue;
            var until = Math.Min(row.Time + standing[row.Device], start + length);
            if (hasNext)
                until = Math.Min(until, rows[i + 1].Sample.Time);
            if (until > start || row.Time >= start)
            {
                heard.Add(row.Device);
                if (!double.IsNaN(row.Value))
                    figure.Add(row.Time, row.Value, Math.Max(0, until - Math.Max(row.Time, start)), row.Time >= start);
            }
            if (i + 1 < rows.Count && rows[i + 1].Sample.Metric == row.Metric)
                continue;
            if (figure.TryFinish(row.Metric, out var metric))
                metrics.Add(metric);
        }
        return new WindowFigures(heard.Count, metrics);
    }

    private static long Standing(GroupMember member) => StandingHeartbeats * EventTime.Span(member.Heartbeat);

    private static bool SameSeries(in WindowSample a, in WindowSample b) => a.Device == b.Device && a.Metric == b.Metric;

    /// <summary>The samples that matter by metric, device, time and, for repeats, place in the span.</summary>
    private static List<(WindowSample Sample, int Place)> Sort(
        ReadOnlySpan<WindowSample> samples, Dictionary<DeviceId, long> members, long end, Func<MetricName, bool>? include)
    {
        var rows = new List<(WindowSample Sample, int Place)>(samples.Length);
        for (var i = 0; i < samples.Length; i++)
        {
            if (samples[i].Time < end && members.ContainsKey(samples[i].Device) && include?.Invoke(samples[i].Metric) != false)
                rows.Add((samples[i], i));
        }
        rows.Sort(static (a, b) =>
        {
            var order = string.CompareOrdinal(a.Sample.Metric.Value, b.Sample.Metric.Value);
            order = order != 0 ? order : string.CompareOrdinal(a.Sample.Device.Value, b.Sample.Device.Value);
            order = order != 0 ? order : a.Sample.Time.CompareTo(b.Sample.Time);
            return order != 0 ? order : a.Place.CompareTo(b.Place);
        });
        return rows;
    }
}
