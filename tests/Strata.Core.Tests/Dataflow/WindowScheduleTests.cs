using System.Text.Json;
using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;

namespace Strata.Core.Tests.Dataflow;

public sealed class WindowScheduleTests
{
    private const long Minute = 60_000_000;
    private const long Start = 1_673_924_400_000_000;

    private static readonly DeviceId A = DeviceId.Parse("a");
    private static readonly DeviceId B = DeviceId.Parse("b");

    private static readonly GroupDefinition Group = new()
    {
        Id = "g",
        Site = SiteId.Parse("hq"),
        Members = [new(A, TimeSpan.FromMinutes(5)), new(B, TimeSpan.FromMinutes(5))],
    };

    private readonly WindowSchedule schedule = new(Group, new WindowScheduleOptions { Lateness = TimeSpan.FromHours(1) });

    [Fact]
    public void A_window_closes_when_the_slowest_recently_heard_device_has_passed_its_end()
    {
        Heard(A, 0);
        Heard(B, 1);
        Heard(A, 7);
        Assert.Empty(Due(7));
        Heard(B, 4);
        Assert.Empty(Due(7));
        Heard(B, 5);
        Assert.Equal(["0r0"], Due(7));
        Assert.Empty(Due(7));
    }

    [Fact]
    public void A_silent_device_does_not_hold_the_group_back()
    {
        Heard(A, 0);
        Heard(B, 0);
        Heard(A, 6, 6);
        Assert.Empty(Due(10));
        Assert.Equal(["0r0"], Due(11));
    }

    [Fact]
    public void A_silent_group_closes_by_the_wall_clock()
    {
        Heard(A, 3, 3);
        Assert.Empty(Due(13));
        Assert.Equal(["0r0", "5r0"], Due(14));
        // The value stood until minute 13: the window from 10 has something in it too.
        Assert.Equal(["10r0"], Due(15));
        Assert.Empty(Due(1000));
    }

    [Fact]
    public void The_silence_of_a_replay_counts_from_its_own_time()
    {
        const int Today = 100_000;
        Heard(A, 3, Today);
        Assert.Empty(Due(Today + 10));
        Assert.Equal(["0r0", "5r0"], Due(Today + 11));
        Assert.Equal(HeardResult.OnTime, Heard(A, 16, Today + 12));
    }

    [Fact]
    public void A_late_reading_makes_its_window_due_again_and_those_into_which_it_stands()
    {
        Heard(A, 0);
        Heard(A, 20);
        Heard(B, 20);
        Assert.Equal(["0r0", "5r0"], Due(20));
        Assert.Equal(HeardResult.Late, Heard(B, 3, 20));
        Assert.Equal(["0r1", "5r1", "10r0"], Due(20));
        Assert.Equal(HeardResult.Late, Heard(B, 4, 20, until: 5));
        Assert.Equal(["0r2"], Due(20));
    }

    [Fact]
    public void Beyond_the_lateness_a_reading_is_counted_and_its_window_stays()
    {
        Heard(A, 0);
        Heard(A, 70);
        Due(70);
        Assert.Equal(HeardResult.TooLate, Heard(A, 4, 70));
        Assert.Equal(1, schedule.TooLate);
        Assert.Equal(HeardResult.Late, Heard(A, 10, 70));
        Assert.Equal(["5r1", "10r0", "15r0"], Due(70));
    }

    [Fact]
    public void A_device_whose_clock_is_far_behind_does_not_hold_the_group_back()
    {
        var patient = new WindowSchedule(Group, new WindowScheduleOptions { MaxLag = TimeSpan.FromHours(1) });
        patient.Heard(B, Start - 100 * Minute, Start);
        patient.Heard(A, Start, Start);
        patient.Heard(A, Start + 5 * Minute, Start);
        Assert.Contains(new DueWindow(Start, 0), patient.Due(Start));
    }

    [Fact]
    public void A_leap_in_time_gives_no_windows_in_which_nothing_stands()
    {
        Heard(A, 0);
        Heard(A, 1_000_000, 1);
        Assert.Equal(["0r0", "5r0"], Due(1));
    }

    [Fact]
    public void Strangers_are_told_apart_and_members_can_change()
    {
        var c = DeviceId.Parse("c");
        Assert.Equal(HeardResult.NotMember, Heard(c, 0));
        Heard(A, 7);
        Heard(B, 1);
        schedule.Change(Group with { Members = [Group.Members[0], new(c, TimeSpan.FromMinutes(5))] });
        Assert.Equal(["0r0"], Due(7));
        Assert.Equal(HeardResult.NotMember, Heard(B, 8));
        Assert.Equal("Windows of g have 00:01:00, those of the schedule 00:05:00. (Parameter 'group')", Assert.Throws<ArgumentException>(() => schedule.Change(Group with { Window = TimeSpan.FromMinutes(1) })).Message);
    }

    [Fact]
    public void No_window_goes_beyond_the_end_and_what_comes_after_it_closes_those_before()
    {
        Heard(A, 3);
        Heard(A, 6); // It stands for longer than until the end.
        schedule.EndAt(Start + 7 * Minute);
        Assert.Equal(Start + 6 * Minute, schedule.Reach);
        Assert.Equal(["0r0"], Due(6));
        schedule.Reached(A, Start + 7 * Minute, Start + 7 * Minute);
        Assert.Equal(["5r0"], Due(7));
        Assert.False(schedule.HasPending);
        schedule.EndAt(long.MaxValue);
        Heard(A, 7);
        schedule.Reached(A, Start + 9 * Minute, Start + 9 * Minute);
        Assert.Empty(Due(9)); // It is as long again as the others.
    }

    [Fact]
    public void At_most_so_many_windows_are_given_at_once()
    {
        Heard(A, 0);
        Heard(A, 12);
        Assert.Equal([new DueWindow(Start, 0)], schedule.Due(Start + 12 * Minute, 1));
        Assert.Equal(["5r0"], Due(12));
    }

    [Fact]
    public void A_restart_goes_on_where_it_was()
    {
        Heard(A, 0);
        Heard(B, 7);
        Heard(A, 7);
        Due(7);
        Heard(A, 2, 7);
        var saved = JsonSerializer.Deserialize<WindowScheduleState>(JsonSerializer.Serialize(schedule.Save()))!;
        var again = new WindowSchedule(Group, new WindowScheduleOptions());
        again.Restore(saved);
        Assert.Equal([new DueWindow(Start, 1)], again.Due(Start + 7 * Minute));
        Assert.Equal(schedule.Watermark, again.Watermark);
    }

    private HeardResult Heard(DeviceId device, int time, int? now = null, int? until = null) =>
        schedule.Heard(device, Start + time * Minute, Start + (now ?? time) * Minute, until is { } u ? Start + u * Minute : null);

    private string[] Due(int now) => [.. schedule.Due(Start + now * Minute).Select(d => $"{(d.Start - Start) / Minute}r{d.Revision}")];
}
