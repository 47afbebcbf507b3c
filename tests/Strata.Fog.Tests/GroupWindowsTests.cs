using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Fog.Windows;

namespace Strata.Fog.Tests;

/// <summary>Which windows are due and what they cover, through kills and late readings.</summary>
public sealed class GroupWindowsTests
{
    private const long Second = 1_000_000;
    private const long T0 = 1_767_225_600L * Second;
    private static readonly DeviceId Device = DeviceId.Parse("t-1");
    private static readonly GroupDefinition Group = new()
    {
        Id = "g", Site = SiteId.Parse("hq"), Window = TimeSpan.FromSeconds(60), Default = new MetricPolicy(UplinkPolicy.Window),
        Members = [new GroupMember(Device, TimeSpan.FromSeconds(30))],
    };

    [Fact]
    public void A_due_window_that_was_not_committed_before_a_kill_is_due_again()
    {
        var windows = Create();
        Hear(windows, T0, T0 + (60 * Second));
        Assert.Equal([T0], windows.Due(T0, 10).Select(d => d.Start));
        Assert.Empty(windows.Due(T0, 10));
        var again = Restored(windows);
        Assert.Equal((2, T0), (again.Open, Assert.Single(again.Due(T0, 10)).Start));
        Assert.Equal(1, again.Committed(Record(T0, 0, 1)));
        var third = Restored(again);
        Assert.Empty(third.Due(T0, 10));
    }

    [Fact]
    public void Late_readings_gather_before_their_window_is_due_again()
    {
        var windows = Create();
        Hear(windows, T0, T0 + (60 * Second));
        windows.Due(T0, 10);
        Assert.Equal(1, windows.Committed(Record(T0, 0, 1)));
        var now = T0;
        for (var i = 1; i <= 5; i++, now += 100_000)
        {
            Hear(windows, T0 + (i * Second));
            Assert.DoesNotContain(windows.Due(now, 10), d => d.Start == T0);
        }
        now += EventTime.Span(GroupWindows.LateGather);
        Assert.Equal(0, Assert.Single(windows.Due(now, 10), d => d.Start == T0).Standing);
        Assert.Equal(5, windows.Committed(Record(T0, 1, 6)));
    }

    [Fact]
    public void Readings_heard_while_their_window_is_computed_are_in_its_next_revision()
    {
        var windows = Create();
        Hear(windows, T0, T0 + (60 * Second));
        Assert.Equal([T0], windows.Due(T0, 10).Select(d => d.Start));
        Hear(windows, T0 + Second, T0 + (2 * Second));
        var slow = T0 + (10 * EventTime.Span(GroupWindows.LateGather));
        Assert.Empty(windows.Due(T0, 10));
        Assert.Empty(windows.Due(slow, 10)); // Its record is not committed yet: which revision comes next is not known.
        Assert.Equal(1, windows.Committed(Record(T0, 0, 1)));
        Assert.Equal(3, windows.Open);
        var next = Assert.Single(windows.Due(slow, 10), d => d.Start == T0);
        Assert.Equal((1, 0), (next.Revision, next.Standing));
        Assert.Equal(2, windows.Committed(Record(T0, 1, 3)));
        Assert.Equal(1, windows.Open);
    }

    [Fact]
    public void Readings_heard_while_their_window_proves_unchanged_stay_open()
    {
        var windows = Create();
        Hear(windows, T0, T0 + (60 * Second));
        windows.Due(T0, 10);
        windows.Committed(Record(T0, 0, 1));
        Hear(windows, T0); // The same reading again.
        windows.Due(T0, 10);
        var later = T0 + (2 * EventTime.Span(GroupWindows.LateGather));
        Assert.Single(windows.Due(later, 10), d => d.Start == T0);
        Hear(windows, T0 + Second);
        windows.Due(later, 10);
        windows.Returned(T0);
        Assert.Equal(3, windows.Open);
        Assert.Single(windows.Due(later + EventTime.Span(GroupWindows.LateGather), 10), d => d.Start == T0);
        Assert.Equal(1, windows.Committed(Record(T0, 1, 2)));
        Assert.Equal(1, windows.Open);
    }

    [Fact]
    public void A_window_that_comes_back_unchanged_holds_nothing_open()
    {
        var windows = Create();
        Hear(windows, T0, T0 + (60 * Second));
        windows.Due(T0, 10);
        windows.Committed(Record(T0, 0, 1));
        Hear(windows, T0); // The same reading again.
        Assert.Equal(2, windows.Open);
        windows.Due(T0, 10);
        windows.Due(T0 + (5 * Second), 10);
        windows.Returned(T0);
        Assert.Equal(1, windows.Open);
        Assert.False(windows.Save().Windows.Single(w => w.Start == T0).IsDue);
    }

    [Fact]
    public void Readings_that_went_up_raw_besides_are_not_counted_as_covered()
    {
        var windows = Create();
        windows.Heard(Device, T0, T0, raw: true, counts: true);
        Hear(windows, T0 + Second, T0 + (60 * Second));
        windows.Due(T0, 10);
        Assert.Equal(1, windows.Committed(Record(T0, 0, 2)));
    }

    [Fact]
    public void A_changed_length_holds_from_its_next_window_and_the_windows_before_end_there()
    {
        var windows = Create();
        Hear(windows, T0, T0 + (60 * Second), T0 + (65 * Second));
        Assert.Equal([T0], windows.Due(T0, 10).Select(d => d.Start)); // On its way when the length changes.
        windows = Restored(windows.Changed(Group with { Window = TimeSpan.FromSeconds(45) })); // Holds from T0 + 90.
        Hear(windows, T0 + (80 * Second), T0 + (90 * Second));
        Assert.Equal(5, windows.Open);
        Assert.Equal(1, windows.Committed(Record(T0, 0, 1)));
        var last = Assert.Single(windows.Due(T0, 10), d => d.Revision == 0);
        Assert.Equal((T0 + (60 * Second), TimeSpan.FromSeconds(30)), (last.Start, last.Group.Window));
        Assert.Equal(3, windows.Committed(Record(T0 + (60 * Second), 0, 3)));
        Hear(windows, T0 + (135 * Second));
        var next = Assert.Single(windows.Due(T0, 10), d => d.Revision == 0);
        Assert.Equal((T0 + (90 * Second), TimeSpan.FromSeconds(45)), (next.Start, next.Group.Window));
        Assert.Equal(1, windows.Committed(Record(T0 + (90 * Second), 0, 1)));
        Hear(windows, T0 + (70 * Second)); // Late, for a window of the length before.
        Assert.Equal(2, windows.Open);
        windows.Due(T0, 10);
        var again = Assert.Single(windows.Due(T0 + EventTime.Span(GroupWindows.LateGather), 10), d => d.Revision > 0);
        Assert.Equal((T0 + (60 * Second), 1, TimeSpan.FromSeconds(30)), (again.Start, again.Revision, again.Group.Window));
    }

    [Fact]
    public void A_length_that_is_taken_back_before_anything_came_of_it_changes_nothing()
    {
        var windows = Create();
        Hear(windows, T0, T0 + (10 * Second));
        Assert.Same(windows, windows.Changed(Group with { Window = TimeSpan.FromSeconds(45) }).Changed(Group with { Window = TimeSpan.FromSeconds(7) }).Changed(Group));
        Hear(windows, T0 + (59 * Second), T0 + (60 * Second));
        Assert.Equal((T0, TimeSpan.FromSeconds(60)), windows.Due(T0, 10).Select(d => (d.Start, d.Group.Window)).Single());
    }

    [Fact]
    public void Windows_of_a_length_before_are_forgotten_when_no_late_reading_changes_them()
    {
        var windows = Create();
        Hear(windows, T0);
        windows = windows.Changed(Group with { Window = TimeSpan.FromSeconds(45) });
        Hear(windows, T0 + (50 * Second));
        foreach (var due in windows.Due(T0, 10))
            windows.Committed(Record(due.Start, due.Revision, 1));
        Assert.NotNull(windows.Save().Former);
        Hear(windows, T0 + EventTime.Span(new WindowScheduleOptions().Lateness) + (200 * Second));
        windows.Due(T0, 10_000);
        Assert.Null(Restored(windows).Save().Former);
    }

    private static GroupWindows Restored(GroupWindows windows) => new(windows.Group, new WindowScheduleOptions(), windows.Save());

    private static GroupWindows Create() => new(Group, new WindowScheduleOptions());

    private static void Hear(GroupWindows windows, params long[] times)
    {
        foreach (var time in times)
            Assert.True(windows.Heard(Device, time, T0, raw: false, counts: true));
    }

    private static WindowRecord Record(long start, int revision, long count) => new(
        "g", SiteId.Parse("hq"), GatewayId.Parse("gw"), start, 60 * Second, revision, 1, 1,
        [new WindowMetric(MetricName.Parse("temperature"), count, 1, 1, 1, 0, 1)]);
}
