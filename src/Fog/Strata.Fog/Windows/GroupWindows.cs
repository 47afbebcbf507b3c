using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;

namespace Strata.Fog.Windows;

/// <summary>
/// The windows of one group: which are due, and how many readings each holds. Where the length was changed, the windows of the length before go on up to the time from which the new one holds, so that each reading is in the
/// windows of one length. For one thread at a time.
/// </summary>
internal sealed class GroupWindows
{
    /// <summary>Lengths before that are still served. One more waits until all windows of the oldest are issued, of which late readings then go up by themselves.</summary>
    private const int MaxFormer = 4;

    /// <summary>How long late readings of a window gather before it is issued again: a storm of them must not make one of windows.</summary>
    public static readonly TimeSpan LateGather = TimeSpan.FromSeconds(2);

    private readonly WindowScheduleOptions options;
    private readonly SortedDictionary<long, WindowBooks> windows = [];
    private readonly Dictionary<long, long> late = [];
    private readonly HashSet<long> interrupted = [];
    private readonly WindowSchedule schedule;

    /// <summary>Windows of the length before, which hold the readings before <see cref="from"/>; null where those are too late.</summary>
    private GroupWindows? former;
    private long from;
    private long end = long.MaxValue;
    private long open;

    public GroupWindows(GroupDefinition group, WindowScheduleOptions options)
    {
        (Group, this.options) = (group, options);
        schedule = new WindowSchedule(group, options);
    }

    /// <summary>Goes on from what <see cref="Save"/> gave, with windows of the length that they had then.</summary>
    public GroupWindows(GroupDefinition group, WindowScheduleOptions options, GroupState state)
        : this(group with { Window = TimeSpan.FromMilliseconds(state.LengthMs) }, options)
    {
        schedule.Restore(state.Schedule);
        foreach (var books in state.Windows)
        {
            windows[books.Start] = books;
            if (books.Late)
                late[books.Start] = long.MinValue;
            if (books.GivenOut > 0)
                interrupted.Add(books.Start);
        }
        open = state.Windows.Sum(w => w.Open);
        from = state.From;
        if (state.Former is not null)
            Follow(new GroupWindows(group, options, state.Former), from);
    }

    public GroupDefinition Group { get; private set; }

    /// <summary>Readings heard that no committed window covers yet.</summary>
    public long Open => open + (former?.Open ?? 0);

    private long Length => EventTime.Span(Group.Window);

    /// <summary>The windows of a changed group: these, or where the length is another those that follow them. They keep their length where the new one has to wait, to be asked for again.</summary>
    public GroupWindows Changed(GroupDefinition group)
    {
        if (group.Window != Group.Window && schedule.Reach == long.MinValue && windows.Count == 0)
        {
            // Nothing came of this length yet.
            if (former is not null)
                return former.Changed(group);
            var fresh = new GroupWindows(group, options);
            fresh.from = fresh.StartOf(from - 1) + fresh.Length;
            return fresh;
        }
        former?.Changed(group with { Window = former.Group.Window });
        former?.EndAt(from);
        var length = Group.Window;
        Group = group with { Window = length };
        schedule.Change(Group);
        EndAt(long.MaxValue);
        if (group.Window == length || !HasRoom(MaxFormer - 1))
            return this;
        var next = new GroupWindows(group, options);
        var reach = schedule.Reach;
        if (windows.Count > 0)
            reach = Math.Max(reach, windows.Last().Key); // Of members that left.
        next.Follow(this, next.StartOf(reach) + next.Length);
        return next;
    }

    /// <summary>Whether a reading of this time is beyond the lateness of its window, as things stand.</summary>
    public bool IsTooLate(long time) => time < from ? former is null || former.IsTooLate(time) : schedule.IsTooLate(time);

    /// <summary>Takes note of a reading that belongs in a window.</summary>
    /// <param name="raw">It is counted elsewhere (it went up raw besides, or another group's window has it) and not as aggregated here.</param>
    /// <param name="counts">False for a metric whose readings all go up raw (policy <c>both</c>).</param>
    /// <returns>False when it came too late for its window, which is not computed again.</returns>
    public bool Heard(DeviceId device, long time, long now, bool raw, bool counts)
    {
        if (time < from)
            return former is not null && former.Heard(device, time, now, raw, counts);
        former?.Reached(device, time, now);
        var start = StartOf(time);
        if (schedule.Heard(device, time, now) is HeardResult.TooLate)
        {
            // A window that is still to be computed, or is being computed, will find the reading in the store.
            if (BooksOf(start).IsDue)
                Gather(start, now);
            else if (!schedule.IsPending(time))
                return false;
        }
        if (!counts)
            return true;
        var books = BooksOf(start);
        windows[start] = raw ? books with { RawSent = books.RawSent + 1 } : books with { Open = books.Open + 1 };
        open += raw ? 0 : 1;
        return true;
    }

    /// <summary>
    /// The windows that are due now. Each one given out comes back as <see cref="Committed"/> or <see cref="Returned"/>; until then the state says that it
    /// is due, so that a crash does not lose it.
    /// </summary>
    public IReadOnlyList<DueGroupWindow> Due(long now, int max)
    {
        foreach (var start in interrupted)
        {
            windows[start] = BooksOf(start) with { GivenOut = 0 };
            Gather(start, long.MinValue);
        }
        interrupted.Clear();
        var due = new List<DueGroupWindow>(former?.Due(now, max) ?? []);
        foreach (var window in schedule.Due(now, max - due.Count))
        {
            if (window.Revision == 0 && BooksOf(window.Start) is { Revision: < 0, IsDue: false })
                due.Add(GiveOut(window.Start, 0));
            else
                Gather(window.Start, now);
        }
        if (former is { IsDone: true } && schedule.IsTooLate(from - 1))
            former = null;
        if (late.Count == 0)
            return due;
        // One that is being computed waits until it is back: only then its revision is known.
        foreach (var start in late.Where(l => l.Value <= now && BooksOf(l.Key).GivenOut == 0).Select(l => l.Key).Take(Math.Max(0, max - due.Count)).ToList())
        {
            late.Remove(start);
            due.Add(GiveOut(start, BooksOf(start).Revision + 1));
        }
        return due;
    }

    /// <summary>A window of the group was committed.</summary>
    /// <returns>Readings that it covers and no revision before did.</returns>
    public long Committed(WindowRecord record)
    {
        if (record.Start < from)
            return former?.Committed(record) ?? 0;
        TakeBack(record.Start);
        var books = BooksOf(record.Start);
        if (record.Revision <= books.Revision)
            return 0;
        var count = record.Metrics.Where(m => !Group.PolicyOf(m.Metric).GoesRaw).Sum(m => m.Count);
        var covered = Math.Max(books.Covered, count - books.RawSent);
        windows[record.Start] = Close(books with { Revision = record.Revision, Covered = covered }, covered - books.Covered);
        Prune();
        return covered - books.Covered;
    }

    /// <summary>A due window came back without a record: nothing new was in it.</summary>
    public void Returned(long start)
    {
        if (start < from)
        {
            former?.Returned(start);
            return;
        }
        TakeBack(start);
        if (windows.TryGetValue(start, out var books))
            windows[start] = Close(books, 0);
    }

    public GroupState Save() => new(Group.Id, Group.Window.TotalMilliseconds, schedule.Save(), [.. windows.Values], former?.Save(), from);

    private bool IsDone => open == 0 && former is null && late.Count == 0 && !schedule.HasPending && windows.Values.All(static w => !w.IsDue);

    private void Follow(GroupWindows before, long time)
    {
        (former, from) = (before, time);
        before.EndAt(time);
    }

    private void EndAt(long time)
    {
        end = time;
        schedule.EndAt(time);
    }

    /// <summary>A member has come as far as this, in windows that follow these.</summary>
    private void Reached(DeviceId device, long time, long now)
    {
        schedule.Reached(device, time, now);
        former?.Reached(device, time, now);
    }

    /// <summary>Whether no more lengths before are served than so many; lets go of the oldest where it has nothing left to do.</summary>
    private bool HasRoom(int most)
    {
        if (former is null || most > 0)
            return former is null || former.HasRoom(most - 1);
        if (!former.IsDone)
            return false;
        former = null;
        return true;
    }

    private DueGroupWindow GiveOut(long start, int revision)
    {
        var books = BooksOf(start);
        windows[start] = books with { Late = false, GivenOut = 1 };
        var group = end - start < Length ? Group with { Window = TimeSpan.FromMicroseconds(end - start) } : Group;
        return new DueGroupWindow(group, start, revision, books.Revision);
    }

    /// <summary>What was heard while the window was computed stays open, for it will be computed again; else nothing does, not even what was heard twice.</summary>
    private WindowBooks Close(WindowBooks books, long covered)
    {
        var left = books.IsDue ? Math.Max(0, books.Open - covered) : 0;
        open += left - books.Open;
        return books with { Open = left };
    }

    private void TakeBack(long start)
    {
        var books = BooksOf(start);
        if (books.GivenOut == 0)
            return;
        windows[start] = books with { GivenOut = 0 };
        interrupted.Remove(start);
    }

    /// <summary>Gives the window out again when its late readings have gathered.</summary>
    private void Gather(long start, long now)
    {
        late.TryAdd(start, now == long.MinValue ? now : now + EventTime.Span(LateGather));
        windows[start] = BooksOf(start) with { Late = true };
    }

    private WindowBooks BooksOf(long start) => windows.GetValueOrDefault(start) ?? new WindowBooks(start);

    private long StartOf(long time) => (time >= 0 ? time / Length : ((time + 1) / Length) - 1) * Length;

    /// <summary>Forgets what no late reading can change any more.</summary>
    private void Prune()
    {
        if (schedule.Watermark == long.MinValue)
            return;
        var oldest = schedule.Watermark - EventTime.Span(options.Lateness) - (2 * Length);
        while (windows.Count > 0 && windows.First() is var (start, books) && start < oldest && books is { Open: 0, IsDue: false } && !schedule.IsPending(start))
            windows.Remove(start);
    }
}

/// <param name="Revision">What the schedule would give it.</param>
/// <param name="Standing">The highest revision known to be committed; -1 for none.</param>
internal readonly record struct DueGroupWindow(GroupDefinition Group, long Start, int Revision, int Standing);
