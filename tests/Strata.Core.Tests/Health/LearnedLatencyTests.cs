using CsCheck;
using Strata.Core.Health;

namespace Strata.Core.Tests.Health;

public sealed class LearnedLatencyTests
{
    [Fact]
    public void It_is_known_from_four_arrivals_on()
    {
        var learned = Of(80, 80, 80);
        Assert.Equal(float.NaN, learned.Milliseconds);
        learned.Learn(TimeSpan.FromMilliseconds(90));
        Assert.Equal(80, learned.Milliseconds);
    }

    [Fact]
    public void What_comes_late_now_and_then_makes_no_slow_device_and_four_in_a_row_do()
    {
        var learned = Of(80, 81, 79, 80, 3_600_000, 82, 80);
        Assert.Equal(80, learned.Milliseconds);
        for (var i = 0; i < 3; i++)
            learned.Learn(TimeSpan.FromSeconds(2));
        Assert.InRange(learned.Milliseconds, 80, 2_000);
        learned.Learn(TimeSpan.FromSeconds(2));
        Assert.Equal(2_000, learned.Milliseconds);
    }

    [Fact]
    public void A_clock_that_is_ahead_makes_a_negative_one_and_one_that_is_off_by_years_no_more_than_ten_minutes()
    {
        Assert.Equal(-2_000, Of(-2_000, -2_000, -1_990, -2_010).Milliseconds);
        var learned = new LearnedLatency();
        for (var i = 0; i < 4; i++)
            learned.Learn(TimeSpan.FromDays(3_650));
        Assert.Equal(600_000, learned.Milliseconds);
    }

    [Fact]
    public void It_is_the_median_of_the_last_seven_and_kept_over_a_restart() => Gen.Int[-700_000, 700_000].Array[0, 30].Sample(lags =>
    {
        var learned = Of(lags);
        var last = lags.TakeLast(LearnedLatency.Remembered).Select(l => (float)Math.Clamp(l, -600_000, 600_000)).ToList();
        Assert.Equal(last, learned.Kept);
        Assert.Equal(last.Count < LearnedLatency.Needed ? float.NaN : last.Order().ElementAt((last.Count - 1) / 2), learned.Milliseconds);
        Assert.Equal(learned.Milliseconds, Of([.. learned.Kept.Select(k => (int)k)]).Milliseconds);
    });

    private static LearnedLatency Of(params int[] lags)
    {
        var learned = new LearnedLatency();
        foreach (var lag in lags)
            learned.Learn(TimeSpan.FromMilliseconds(lag));
        return learned;
    }
}
