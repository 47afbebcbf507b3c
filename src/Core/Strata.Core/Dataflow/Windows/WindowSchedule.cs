using Strata.Core.Devices;
using Strata.Core.Telemetry;

namespace Strata.Core.Dataflow;

/// <summary>
/// Says which windows of a group are due. It holds no samples: whoever asks computes a due window from its own store. The watermark is
/// the lowest of the highest event times of the group's recently heard devices (heard within two of their heartbeats by the wall clock); windows that
/// end at or before it are due. When nobody was heard recently the wall clock moves it on: the leader's time plus the time since
/// the group was last heard (so that a replay of old readings is not overtaken by today). It never goes back.
/// Not safe for use by two threads at once.
/// </summary>
public sealed class WindowSchedule
{
    private readonly WindowScheduleOptions options;
    private readonly IntervalSet pending = new();
    private readonly Dictionary<long, int> issued = [];
    private Dictionary<DeviceId, Member> members = [];
    private readonly long length;
    private long end = long.MaxValue;

    public WindowSchedule(GroupDefinition group, WindowScheduleOptions options)
    {
        this.options = options;
        length = EventTime.Span(group.Window);
        Change(group);
    }

    /// <summary>No reading heard of a member is newer, and no window that was due ends later; <see cref="long.MinValue"/> before the first reading.</summary>
    public long Reach => members.Values.Aggregate(Watermark, static (reach, member) => Math.Max(reach, member.HighestTime));

    /// <summary>Whether a window will be due, whenever that is.</summary>
    public bool HasPending => !pending.IsEmpty;

    /// <summary>Windows ending at or before it are closed; <see cref="long.MinValue"/> before the first reading.</summary>
    public long Watermark { get; private set; } = long.MinValue;

    /// <summary>Readings that came too late for their window.</summary>
    public long TooLate { get; private set; }

    /// <summary>Takes a changed group: members that stay keep their place.</summary>
    /// <exception cref="ArgumentException">Its windows have another length: that takes another schedule.</exception>
    public void Change(GroupDefinition group)
    {
        if (EventTime.Span(group.Window) != length)
            throw new ArgumentException($"Windows of {group.Id} have {group.Window}, those of the schedule {TimeSpan.FromMicroseconds(length)}.", nameof(group));
        var old = members;
        members = [];
        foreach (var member in group.Members)
        {
            var kept = old.GetValueOrDefault(member.Device) ?? new Member();
            kept.Standing = WindowMath.StandingHeartbeats * EventTime.Span(member.Heartbeat);
            members[member.Device] = kept;
        }
    }

    /// <summary>No window goes beyond this time: the one that would ends there, and no reading heard is newer. <see cref="long.MaxValue"/> takes it back.</summary>
    public void EndAt(long time)
    {
        end = time;
        if (time < long.MaxValue)
            pending.Remove(Number(time - 1) + 1, long.MaxValue);
    }

    /// <summary>Takes note of how far a device has come, by a reading that is in none of the windows.</summary>
    public void Reached(DeviceId device, long time, long now)
    {
        if (!members.TryGetValue(device, out var member))
            return;
        member.HighestTime = Math.Max(member.HighestTime, time);
        member.HeardAt = Math.Max(member.HeardAt, now);
    }

    /// <summary>Takes note of a reading that has been stored.</summary>
    /// <param name="time">Its event time, microseconds.</param>
    /// <param name="now">The wall clock, microseconds.</param>
    /// <param name="until">Until when its value stands, as far as known (the time of the metric's next reading); null for two heartbeats.</param>
    public HeardResult Heard(DeviceId device, long time, long now, long? until = null)
    {
        if (!members.TryGetValue(device, out var member))
            return HeardResult.NotMember;
        Reached(device, time, now);
        var first = Number(time);
        var last = Math.Max(first, Number(Math.Min(Math.Min(time + member.Standing, until ?? long.MaxValue), end) - 1));
        var oldest = OldestOpen();
        if (first < oldest)
            TooLate++;
        pending.Add(Math.Max(first, oldest), last);
        return first < oldest ? HeardResult.TooLate : End(first) <= Watermark ? HeardResult.Late : HeardResult.OnTime;
    }

    /// <summary>Whether a reading of this time would come too late for its window, as things stand.</summary>
    public bool IsTooLate(long time) => Number(time) < OldestOpen();

    /// <summary>Whether the window with this time in it will be due, whenever that is.</summary>
    public bool IsPending(long time) => pending.Contains(Number(time));

    /// <summary>
    /// The windows that are due now, oldest first; each is taken for issued. A window in which nothing stands any more gives no record, which is well.
    /// </summary>
    /// <param name="now">The wall clock, microseconds.</param>
    /// <param name="max">At most so many; ask again for the rest.</param>
    public IReadOnlyList<DueWindow> Due(long now, int max = 1000)
    {
        Advance(now);
        var due = new List<DueWindow>();
        while (due.Count < max && pending.Intervals is [var (number, _), ..] && End(number) <= Watermark)
        {
            var revision = issued.TryGetValue(number, out var before) ? before + 1 : 0;
            issued[number] = revision;
            pending.Remove(number, number);
            due.Add(new DueWindow(number * length, revision));
        }
        if (due.Count > 0)
            Prune();
        return due;
    }

    /// <summary>The memory as plain values.</summary>
    public WindowScheduleState Save() => new(
        Watermark, TooLate,
        [.. members.Where(m => m.Value.HighestTime > long.MinValue).Select(m => new DeviceProgress(m.Key.Value, m.Value.HighestTime, m.Value.HeardAt))],
        [.. pending.Intervals.Select(i => new WindowInterval(i.First, i.Last))],
        [.. issued.Select(i => new IssuedWindow(i.Key, i.Value))]);

    /// <summary>Goes on from what <see cref="Save"/> gave, for a group of the same window length.</summary>
    public void Restore(WindowScheduleState state)
    {
        (Watermark, TooLate) = (state.Watermark, state.TooLate);
        foreach (var progress in state.Devices)
        {
            if (DeviceId.TryParse(progress.Device, out var device) && members.TryGetValue(device, out var member))
                (member.HighestTime, member.HeardAt) = (progress.HighestTime, progress.HeardAt);
        }
        foreach (var interval in state.Pending)
            pending.Add(interval.First, interval.Last);
        foreach (var window in state.Issued)
            issued[window.Number] = window.Revision;
    }

    private void Advance(long now)
    {
        var (leader, heardAt) = (long.MinValue, long.MinValue);
        foreach (var member in members.Values)
            (leader, heardAt) = (Math.Max(leader, member.HighestTime), Math.Max(heardAt, member.HeardAt));
        if (leader == long.MinValue)
            return;
        var slowest = leader - EventTime.Span(options.MaxLag);
        var lowest = long.MaxValue;
        foreach (var member in members.Values)
        {
            if (now - member.HeardAt <= member.Standing && member.HighestTime >= slowest)
                lowest = Math.Min(lowest, member.HighestTime);
        }
        Watermark = Math.Max(Watermark, lowest == long.MaxValue ? leader + Math.Max(0, now - heardAt) : lowest);
    }

    /// <summary>The first window that a reading may still change.</summary>
    private long OldestOpen()
    {
        if (Watermark == long.MinValue)
            return long.MinValue;
        // A window's end may lie at the limit itself: (number + 1) * length >= limit.
        var limit = Watermark - EventTime.Span(options.Lateness);
        return Number(limit - 1);
    }

    private void Prune()
    {
        var oldest = OldestOpen();
        foreach (var number in issued.Keys)
        {
            if (number < oldest)
                issued.Remove(number);
        }
    }

    private long Number(long time) => time >= 0 ? time / length : (time + 1) / length - 1;

    private long End(long number) => Math.Min((number + 1) * length, end);

    private sealed class Member
    {
        public long HighestTime = long.MinValue;
        public long HeardAt = long.MinValue / 2;
        public long Standing;
    }
}
