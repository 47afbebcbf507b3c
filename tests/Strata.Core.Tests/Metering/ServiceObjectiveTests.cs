using Strata.Core.Metering.Sla;

namespace Strata.Core.Tests.Metering;

public sealed class ServiceObjectiveTests
{
    [Theory]
    [InlineData("99.9", 8.76)]
    [InlineData("99.95", 4.38)]
    [InlineData("99.97", 2.628)]
    [InlineData("99", 87.6)]
    public void A_target_leaves_so_many_hours_of_a_year(string target, double hours) =>
        Assert.Equal(hours, ServiceObjective.Allowed(decimal.Parse(target, System.Globalization.CultureInfo.InvariantCulture), TimeSpan.FromDays(365)).TotalHours, 9);

    [Fact]
    public void A_target_tighter_than_one_minute_of_the_period_is_refused_with_the_reason()
    {
        Assert.Equal(99.9975m, ServiceObjective.Tightest(TimeSpan.FromDays(28)));
        Assert.Null(Availability(99.9975m).Check());
        var problem = Availability(99.9976m).Check();
        Assert.Equal("target", problem!.Field);
        Assert.Contains("whole minutes", problem.Detail, StringComparison.Ordinal);
        Assert.Contains("99.9975 %", problem.Detail, StringComparison.Ordinal);
        Assert.Contains("24.2 s", Availability(99.999m).Check()!.Detail, StringComparison.Ordinal);
        Assert.Null(new ServiceObjective(ObjectiveKind.DeliveryRatio, 99.9999m, null, []).Check());
    }

    [Theory]
    [InlineData(60_000, null)]
    [InlineData(604_800_000, null)]
    [InlineData(59_999, "60,000 to 604,800,000 ms")]
    [InlineData(604_800_001, "60,000 to 604,800,000 ms")]
    [InlineData(null, "needs its limit")]
    public void The_time_to_answer_an_alert_is_whole_minutes_at_least_and_a_week_at_most(int? limit, string? reason)
    {
        var problem = new ServiceObjective(ObjectiveKind.AlertResponse, 95, limit, []).Check();
        Assert.Equal(reason is null ? null : "limitMs", problem?.Field);
        Assert.Contains(reason ?? "", problem?.Detail ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("99.95", "0")]
    [InlineData("99.9", "0")]
    [InlineData("99.8999", "10")]
    [InlineData("99", "10")]
    [InlineData("98.9999", "25")]
    [InlineData("0", "25")]
    public void Credits_follow_the_steps(string measured, string credit) => Assert.Equal(
        decimal.Parse(credit, System.Globalization.CultureInfo.InvariantCulture),
        (Availability(99.9m) with { Credits = ServiceObjective.UsualCredits(99.9m) }).CreditFor(decimal.Parse(measured, System.Globalization.CultureInfo.InvariantCulture)));

    [Theory]
    [InlineData("zero")]
    [InlineData("hundred")]
    [InlineData("digits")]
    [InlineData("above")]
    [InlineData("rising")]
    [InlineData("share")]
    [InlineData("no limit")]
    [InlineData("a limit")]
    public void What_cannot_be_an_objective_is_refused(string what)
    {
        var bad = what switch
        {
            "zero" => Availability(0),
            "hundred" => Availability(100),
            "digits" => Availability(99.12345m),
            "above" => Availability(99) with { Credits = [new(99.5m, 10)] },
            "rising" => Availability(99) with { Credits = [new(99, 10), new(98, 5)] },
            "share" => Availability(99) with { Credits = [new(99, 101)] },
            "no limit" => new ServiceObjective(ObjectiveKind.IngestLatency, 99, null, []),
            _ => Availability(99) with { LimitMs = 100 },
        };
        Assert.Equal(ProblemKind.Invalid, bad.Check()?.Kind);
    }

    private static ServiceObjective Availability(decimal target) => new(ObjectiveKind.IngestAvailability, target, null, []);
}
