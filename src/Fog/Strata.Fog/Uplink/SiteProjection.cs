using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Fog.Configuration;
using Strata.Fog.Windows;
using Strata.Forwarding;
using Strata.Telemetry;

namespace Strata.Fog.Uplink;

/// <summary>
/// The decisions of the projection: which committed rows go up, and what they mean for windows and silence. It is a function of the rows in their order, so
/// going through rows again after a restart gives the same state. For one thread at a time.
/// </summary>
internal sealed class SiteProjection(GatewayId self, WindowScheduleOptions options)
{
    private const string AgentMetric = "health.readingsIn";

    private readonly EntryBuilder builder = new(self);
    private readonly Dictionary<string, GroupWindows> groups = [];
    private readonly Dictionary<(DeviceId, MetricName), ReadingValue> states = [];
    private SiteView site = SiteView.Empty;

    public DeviceWatch Devices { get; } = new(self);

    public IEnumerable<GroupWindows> Groups => groups.Values;

    /// <summary>Readings heard here that no committed window covers yet.</summary>
    public long OpenReadings => groups.Values.Sum(g => g.Open);

    public void Configure(SiteView view)
    {
        site = view;
        foreach (var gone in groups.Keys.Except(view.Groups.Select(g => g.Id)).ToList())
            groups.Remove(gone);
        foreach (var group in view.Groups)
        {
            if (groups.TryGetValue(group.Id, out var windows))
                windows.Change(group);
            else
                groups[group.Id] = new GroupWindows(group, options);
        }
    }

    public void Restore(WindowsState state, long now)
    {
        foreach (var group in state.Groups)
        {
            if (groups.TryGetValue(group.Group, out var windows))
                windows.Restore(group);
        }
        Devices.Restore(state.Devices, now);
    }

    /// <summary>Goes through committed rows in their order.</summary>
    /// <param name="sendBeyond">Entries are made of commits beyond this one; those up to it were sent before a restart.</param>
    /// <param name="through">The last commit to be looked at.</param>
    public IReadOnlyList<ForwardRecord> Project(CommittedRows rows, long sendBeyond, long through, long now)
    {
        for (var i = 0; i < rows.Readings.Count; i++)
        {
            var (commit, reading) = rows.Readings[i];
            if (commit > through)
                continue;
            var origin = rows.Origins.TryGetValue(i, out var said) ? said : default;
            if (GoesUp(reading, origin, now, out var immediate) && commit > sendBeyond)
                builder.Add(reading, origin.Gateway, immediate ? origin.Sampled : 0);
        }
        foreach (var (commit, window) in rows.Windows)
        {
            if (commit > through)
                continue;
            var own = window.Gateway == self;
            var covered = own && groups.TryGetValue(window.Group, out var windows) ? windows.Committed(window) : own ? 0 : window.Metrics.Sum(m => m.Count);
            if (commit > sendBeyond)
                builder.Add(window, covered);
        }
        foreach (var (commit, record) in rows.Events)
        {
            if (commit > sendBeyond && commit <= through)
                builder.Add(record);
        }
        foreach (var (commit, gap) in rows.Gaps)
        {
            if (commit > sendBeyond && commit <= through)
                builder.Add(gap);
        }
        return builder.Take(Math.Min(rows.Last, through));
    }

    public void Returned(ReturnedWindow window)
    {
        if (groups.TryGetValue(window.Group, out var windows))
            windows.Returned(window.Start, window.IsComputed);
    }

    /// <summary>Whether the reading goes up raw; takes note of it for its windows.</summary>
    private bool GoesUp(in Reading reading, MessageOrigin origin, long now, out bool immediate)
    {
        immediate = origin.Immediate;
        if (origin.Gateway is not null)
            return true; // What went up raw from below goes on raw: the policy was applied where the device is.
        var isHealth = EntryBuilder.IsHealth(reading.Metric);
        Devices.Heard(reading.Device, now, isHealth, isHealth && reading.Metric.Value == AgentMetric);
        if (isHealth)
            return true;
        var policy = site.PolicyOf(reading.Metric);
        immediate |= policy.IsImmediate(Previous(reading, policy), reading.Value);
        var raw = policy.GoesRaw || immediate;
        if (!policy.InWindows || reading.Value.Kind == ReadingKind.Text || !site.GroupsOf.TryGetValue(reading.Device, out var memberOf))
            return true; // Texts give no figures, and a device without a group has no window.
        var inTime = false;
        foreach (var group in memberOf)
            inTime |= groups[group.Id].Heard(reading.Device, reading.Time, now, raw, counts: !policy.GoesRaw);
        return raw || !inTime; // Too late for its window: it goes up by itself rather than being left out.
    }

    /// <summary>The state before, for metrics whose changes of state must not wait.</summary>
    private ReadingValue? Previous(in Reading reading, MetricPolicy policy)
    {
        if (policy.GoesRaw || reading.Value.Kind != ReadingKind.Boolean)
            return null;
        var key = (reading.Device, reading.Metric);
        ReadingValue? previous = states.TryGetValue(key, out var value) ? value : null;
        states[key] = reading.Value;
        return previous;
    }
}
