using CsCheck;
using Strata.Core.Devices;
using Strata.Core.Health;

namespace Strata.Core.Tests.Health;

public sealed class HealthOverTimeTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void An_interval_is_learned_from_three_gaps_on()
    {
        var learned = new LearnedInterval();
        learned.Learn(TimeSpan.FromHours(24));
        learned.Learn(TimeSpan.FromHours(24.1));
        Assert.Null(learned.Interval);
        learned.Learn(TimeSpan.FromHours(23.9));
        Assert.Equal(24, learned.Interval!.Value.TotalHours, 0.01);
    }

    [Fact]
    public void One_outage_does_not_make_a_slow_device_and_two_slow_gaps_do()
    {
        var learned = new LearnedInterval();
        for (var i = 0; i < LearnedInterval.Remembered; i++)
            learned.Learn(TimeSpan.FromMinutes(5));
        learned.Learn(TimeSpan.FromHours(30));
        Assert.Equal(TimeSpan.FromMinutes(5), learned.Interval);
        learned.Learn(TimeSpan.FromHours(30));
        Assert.Equal(TimeSpan.FromHours(30), learned.Interval);
    }

    [Fact]
    public void What_was_learned_is_kept_over_a_restart() => Gen.Int[1, 100_000].Array[0, 40].Sample(gaps =>
    {
        var before = new LearnedInterval();
        foreach (var gap in gaps)
            before.Learn(TimeSpan.FromSeconds(gap));
        var after = new LearnedInterval();
        foreach (var gap in before.Gaps)
            after.Learn(TimeSpan.FromSeconds(gap));
        Assert.Equal(before.Interval, after.Interval);
        Assert.Equal(gaps.TakeLast(LearnedInterval.Remembered).Select(g => (float)g), after.Gaps);
    });

    [Theory]
    [InlineData(5, 0)]
    [InlineData(7, 0)]
    [InlineData(10, 1)]
    [InlineData(30, 5)]
    public void Reports_left_out_are_counted(int minutes, int expected)
    {
        var learned = new LearnedInterval();
        for (var i = 0; i < 5; i++)
            learned.Learn(TimeSpan.FromMinutes(5));
        Assert.Equal(expected, learned.Missed(TimeSpan.FromMinutes(minutes)));
    }

    [Fact]
    public void A_rate_of_things_that_happen_evenly_is_what_it_is()
    {
        var rate = new RateWindow();
        var day = TimeSpan.FromDays(1);
        for (var hour = 0; hour < 100; hour++)
        {
            rate.Add(2, Now.AddHours(hour), day);
            if (hour >= 48) // Before, the window reaches to where nothing was.
                Assert.InRange(rate.Of(Now.AddHours(hour), day), 46, 51);
        }
        Assert.Equal(0, rate.Of(Now.AddHours(200), day));
        var (window, before, now) = rate.Parts;
        Assert.Equal(rate.Of(Now.AddHours(99), day), RateWindow.Restore(window, before, now).Of(Now.AddHours(99), day));
    }

    [Fact]
    public void Errors_of_a_device_are_too_many_beyond_three_deviations_of_its_like()
    {
        var baseline = CohortBaseline.Of([.. Enumerable.Range(0, 100).Select(i => (double)(i % 11))]);
        Assert.Equal(5, baseline.Mean, 0.2);
        Assert.Equal(baseline.Mean + (3 * baseline.Deviation), baseline.Limit(3, 1));
        Assert.Equal(20, baseline.Limit(3, 20)); // Fewer do not matter.
        Assert.Equal(20, CohortBaseline.Of([0, 0, 0]).Limit(3, 20)); // Too few to compare with.
    }

    [Theory]
    [InlineData(DeviceState.Active, HealthSide.Below, 61, false, DeviceState.Degraded)]
    [InlineData(DeviceState.Active, HealthSide.Below, 59, false, null)]
    [InlineData(DeviceState.Active, HealthSide.Above, 9999, false, null)]
    [InlineData(DeviceState.Degraded, HealthSide.Above, 601, true, DeviceState.Active)]
    [InlineData(DeviceState.Degraded, HealthSide.Above, 599, true, null)]
    [InlineData(DeviceState.Degraded, HealthSide.Above, 9999, false, null)]
    [InlineData(DeviceState.Degraded, HealthSide.Between, 9999, true, null)]
    [InlineData(DeviceState.Maintenance, HealthSide.Below, 9999, false, null)]
    [InlineData(DeviceState.Maintenance, HealthSide.Above, 9999, true, null)]
    public void Health_moves_a_device_when_its_score_has_held(DeviceState state, HealthSide side, int seconds, bool byHealth, DeviceState? expected)
    {
        Assert.Equal(expected, HealthHysteresis.Decide(state, side, Now.AddSeconds(-seconds), byHealth, HealthPolicy.Default, Now));
    }

    [Theory]
    [InlineData(59, HealthBucket.Faulty, HealthSide.Below)]
    [InlineData(60, HealthBucket.BadData, HealthSide.Between)]
    [InlineData(79, HealthBucket.BadData, HealthSide.Between)]
    [InlineData(80, HealthBucket.Unstable, HealthSide.Above)]
    [InlineData(0, HealthBucket.BehindGateway, HealthSide.Between)]
    [InlineData(0, HealthBucket.Maintenance, HealthSide.Between)]
    public void Between_the_lines_and_behind_a_gateway_that_is_down_nothing_moves(int score, HealthBucket bucket, HealthSide expected)
    {
        Assert.Equal(expected, HealthHysteresis.SideOf(new HealthVerdict(score, default, bucket), HealthPolicy.Default));
    }
}
