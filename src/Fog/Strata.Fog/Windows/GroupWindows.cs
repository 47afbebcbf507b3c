using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;

namespace Strata.Fog.Windows;

/// <summary>The windows of one group: which are due, and how many readings each holds. For one thread at a time.</summary>
internal sealed class GroupWindows
{
    /// <summary>How long late readings of a window gather before it is issued again: a storm of them must not make one of windows.</summary>
    public static readonly TimeSpan LateGather = TimeSpan.FromSeconds(2);

    private readonly WindowScheduleOptions options;
    private readonly SortedDictionary<long, WindowBooks> windows = [];
    private readonly Dictionary<long, long> late = [];
    private readonly HashSet<long> interrupted = [];
    private WindowSchedule schedule;

    public GroupWindows(GroupDefinition group, WindowScheduleOptions options)
    {
        (Group, this.options) = (group, options);
        schedule = new WindowSchedule(group, options);
    }

    public GroupDefinition Group { get; private set; }

    /// <summary>Readings heard that no committed window covers yet.</summary>
    public long Open { get; private set; }

    private long Length => EventTime.Span(Group.Window);

    public void Change(GroupDefinition group)
    {
        if (group.Window != Group.Window)
        {
            windows.Clear();
            late.Clear();
            interrupted.Clear();
            Open = 0;
        }
        Group = group;
        schedule.Change(group);
    }

    /// <summary>Whether a reading of this time is beyond the lateness of its window, as things stand.</summary>
    public bool IsTooLate(long time) => schedule.IsTooLate(time);

    /// <summary>Takes note of a reading that belongs in a window.</summary>
    /// <param name="raw">It is counted elsewhere (it went up raw besides, or another group's window has it) and not as aggregated here.</param>
    /// <param name="counts">False for a metric whose readings all go up raw (policy <c>both</c>).</param>
    /// <returns>False when it came too late for its window, which is not computed again.</returns>
    public bool Heard(DeviceId device, long time, long now, bool raw, bool counts)
    {
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
        Open += raw ? 0 : 1;
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
        var due = new List<DueGroupWindow>();
        foreach (var window in schedule.Due(now, max))
        {
            if (window.Revision == 0 && BooksOf(window.Start) is { Revision: < 0, IsDue: false })
                due.Add(GiveOut(window.Start, 0));
            else
                Gather(window.Start, now);
        }
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
        TakeBack(start);
        if (windows.TryGetValue(start, out var books))
            windows[start] = Close(books, 0);
    }

    public GroupState Save() => new(Group.Id, Group.Window.TotalMilliseconds, schedule.Save(), [.. windows.Values]);

    public void Restore(GroupState state)
    {
        if (Math.Abs(state.LengthMs - Group.Window.TotalMilliseconds) > 0.5)
            return;
        schedule = new WindowSchedule(Group, options);
        schedule.Restore(state.Schedule);
        windows.Clear();
        foreach (var books in state.Windows)
        {
            windows[books.Start] = books;
            if (books.Late)
                late[books.Start] = long.MinValue;
            if (books.GivenOut > 0)
                interrupted.Add(books.Start);
        }
        Open = state.Windows.Sum(w => w.Open);
    }

    private DueGroupWindow GiveOut(long start, int revision)
    {
        var books = BooksOf(start);
        windows[start] = books with { Late = false, GivenOut = 1 };
        return new DueGroupWindow(Group, start, revision, books.Revision);
    }

    /// <summary>What was heard while the window was computed stays open, for it will be computed again; else nothing does, not even what was heard twice.</summary>
    private WindowBooks Close(WindowBooks books, long covered)
    {
        var left = books.IsDue ? Math.Max(0, books.Open - covered) : 0;
        Open += left - books.Open;
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
