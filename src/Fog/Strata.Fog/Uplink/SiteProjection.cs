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
    private readonly Dictionary<(DeviceId Device, MetricName Metric), bool> states = [];
    private SiteView site = SiteView.Empty;

    public DeviceWatch Devices { get; } = new(self);

    /// <summary>Whether a changed length of windows has to wait, and the site is to be configured again soon.</summary>
    public bool IsWaiting => site.Groups.Any(g => groups[g.Id].Group.Window != g.Window);

    public IEnumerable<GroupWindows> Groups => groups.Values;

    /// <summary>Readings heard here that no committed window covers yet.</summary>
    public long OpenReadings => groups.Values.Sum(g => g.Open);

    /// <summary>Takes what the site is now. Not before all rows have been gone through that were there at the start: a length of windows changes after them.</summary>
    /// <returns>Whether the windows of a group have another length: the state must be kept before more rows are gone through, for it says from when the length holds.</returns>
    public bool Configure(SiteView view)
    {
        var isOther = false;
        site = view;
        foreach (var gone in groups.Keys.Except(view.Groups.Select(g => g.Id)).ToList())
            groups.Remove(gone);
        foreach (var group in view.Groups)
        {
            var before = groups.GetValueOrDefault(group.Id);
            var windows = groups[group.Id] = before?.Changed(group) ?? new GroupWindows(group, options);
            isOther |= before is not null && before != windows;
        }
        foreach (var gone in states.Keys.Where(k => !view.GroupsOf.ContainsKey(k.Device)).ToList())
            states.Remove(gone);
        return isOther;
    }

    /// <summary>All that <see cref="Restore"/> needs to go on after this commit.</summary>
    public WindowsState Save(long commit, FlowState flow) => new(
        commit, [.. groups.Values.Select(g => g.Save())], Devices.Save(), flow, [.. states.Select(s => new BooleanState(s.Key.Device.Value, s.Key.Metric.Value, s.Value))]);

    /// <summary>Goes on from a state, with windows of the lengths that they had then: configure it again after the rows that were there at the start.</summary>
    public void Restore(WindowsState state, long now)
    {
        foreach (var kept in state.States ?? [])
        {
            if (DeviceId.TryParse(kept.Device, out var device) && MetricName.TryParse(kept.Metric, out var metric))
                states[(device, metric)] = kept.Value;
        }
        foreach (var group in state.Groups)
        {
            if (groups.TryGetValue(group.Group, out var windows))
                groups[group.Group] = new GroupWindows(windows.Group, options, group);
        }
        Devices.Restore(state.Devices, now);
    }

    /// <summary>
    /// Whether one of the rows comes too late for its window, and so goes up by itself. How far windows have closed by then depends on clocks, which going
    /// through the rows again does not repeat: before such rows the state must be kept.
    /// </summary>
    public bool FindsTooLate(CommittedRows rows)
    {
        foreach (var (_, reading) in rows.Readings)
        {
            if (!site.GroupsOf.TryGetValue(reading.Device, out var memberOf))
                continue;
            foreach (var group in memberOf)
            {
                if (groups[group.Id].IsTooLate(reading.Time))
                    return true;
            }
        }
        return false;
    }

    /// <summary>Goes through committed rows in their order.</summary>
    /// <param name="sendBeyond">Entries are made of commits beyond this one; those up to it were sent before a restart.</param>
    /// <param name="through">The last commit to be looked at.</param>
    public IReadOnlyList<ForwardRecord> Project(CommittedRows rows, long sendBeyond, long through, long now)
    {
        var next = 0;
        foreach (var (commit, window) in rows.Windows)
        {
            if (commit > through)
                continue;
            next = ProjectReadings(rows, next, commit, sendBeyond, now);
            var own = window.Gateway == self;
            var covered = own && groups.TryGetValue(window.Group, out var windows) ? windows.Committed(window) : own ? 0 : window.Metrics.Sum(m => m.Count);
            if (commit > sendBeyond)
                builder.Add(window, covered);
        }
        ProjectReadings(rows, next, through, sendBeyond, now);
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
            windows.Returned(window.Start);
    }

    /// <summary>The readings from an index on, of commits up to this one; gives the index of the next.</summary>
    private int ProjectReadings(CommittedRows rows, int next, long through, long sendBeyond, long now)
    {
        for (; next < rows.Readings.Count && rows.Readings[next].Commit <= through; next++)
        {
            var (commit, reading) = rows.Readings[next];
            var origin = rows.Origins.TryGetValue(next, out var said) ? said : default;
            if (GoesUp(reading, origin, now, out var immediate) && commit > sendBeyond)
                builder.Add(reading, origin.Gateway, immediate ? origin.Sampled : 0);
        }
        return next;
    }

    /// <summary>Whether the reading goes up raw; takes note of it for its windows.</summary>
    private bool GoesUp(in Reading reading, MessageOrigin origin, long now, out bool immediate)
    {
        immediate = origin.Immediate;
        if (origin.Gateway is not null)
            return true; // What went up raw from below goes on raw: the policy was applied where the device is.
        var isHealth = reading.Metric.IsHealth;
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
            inTime |= groups[group.Id].Heard(reading.Device, reading.Time, now, raw: raw || inTime, counts: !policy.GoesRaw);
        return raw || !inTime; // Too late for its window: it goes up by itself rather than being left out.
    }

    /// <summary>The state before, for metrics whose changes of state must not wait.</summary>
    private ReadingValue? Previous(in Reading reading, MetricPolicy policy)
    {
        if (policy.GoesRaw || reading.Value.Kind != ReadingKind.Boolean)
            return null;
        var key = (reading.Device, reading.Metric);
        ReadingValue? previous = states.TryGetValue(key, out var value) ? ReadingValue.OfBoolean(value) : null;
        states[key] = reading.Value.Boolean;
        return previous;
    }
}
