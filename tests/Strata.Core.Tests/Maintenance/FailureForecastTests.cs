using Strata.Core.Maintenance;

namespace Strata.Core.Tests.Maintenance;

public sealed class FailureForecastTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(10_000, 30)]
    [InlineData(5_000, 15)]
    public void A_fleet_without_a_record_fails_as_any_does(int devices, double expected)
    {
        var failures = FailureForecast.PerDay(devices, FailureForecast.Background);
        Assert.Equal(expected, failures.Mean, 1e-9);
        Assert.True(failures.Low < expected && expected < failures.High);
    }

    [Fact]
    public void What_days_in_twenty_bring_is_what_a_simulation_brings()
    {
        var random = new Random(9);
        var counts = Enumerable.Range(0, 4_000).Select(_ => Enumerable.Range(0, 5_000).Count(_ => random.NextDouble() < 0.003)).ToList();
        var said = FailureForecast.PerDay(5_000, 0.003);
        Assert.InRange(counts.Count(c => c < said.Low) / 4_000.0, 0, 0.06);
        Assert.InRange(counts.Count(c => c > said.High) / 4_000.0, 0, 0.06);
        Assert.InRange(counts.Average(), 14.5, 15.5);
    }

    [Fact]
    public void A_fleets_own_record_counts_as_far_as_it_goes()
    {
        Assert.Equal(0.003, FailureForecast.DailyRate(0, 0), 1e-9);
        Assert.Equal(0.01, FailureForecast.DailyRate(10_000, 1_000_000), 1e-4);
        Assert.InRange(FailureForecast.DailyRate(0, 1_000), 0.0014, 0.0016);
    }

    [Fact]
    public void Errors_beyond_the_usual_raise_the_likelihood_and_an_empty_battery_makes_it_sure()
    {
        var week = TimeSpan.FromDays(7);
        var usual = FailureForecast.Within(week, 0, 0, null, Now);
        Assert.Equal(1 - Math.Pow(0.997, 7), usual, 1e-9);
        Assert.Equal(usual, FailureForecast.Within(week, -5, 1, null, Now), 1e-9);
        Assert.True(FailureForecast.Within(week, 4, 0, null, Now) > 5 * usual);
        Assert.True(FailureForecast.Within(week, 50, 50, null, Now) < 1);
        Assert.Equal(1, FailureForecast.Within(week, 0, 0, Now.AddDays(6), Now));
        Assert.True(FailureForecast.Within(week, 0, 0, Now.AddDays(8), Now) < 0.1);
    }
}
