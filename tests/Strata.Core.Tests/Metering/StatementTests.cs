using CsCheck;
using Strata.Core.Metering;
using Strata.Core.Metering.Billing;
using Strata.Core.Tenancy;
namespace Strata.Core.Tests.Metering;

public sealed class StatementTests
{
    private static readonly BillingMonth November = BillingMonth.FromNumber(202611);

    [Fact]
    public void The_hours_of_a_line_sum_to_it_exactly_and_the_lines_to_the_total() => BillingGenerators.Case.Sample(c =>
    {
        var statement = Make(c.Plan, c.Month, c.Usage);
        foreach (var line in statement.Lines.Where(l => l.Kind == StatementLineKind.Usage))
        {
            var hours = statement.Hours.Where(h => h.Unit == line.Unit && h.Tier == line.Tier).ToList();
            Assert.Equal(line.Exact, hours.Sum(h => h.Amount));
            Assert.Equal(line.Quantity, hours.Sum(h => h.Quantity));
            Assert.Equal(decimal.Round(line.Exact, c.Plan.Currency.Digits, MidpointRounding.ToEven), line.Amount);
            Assert.All(hours, h => Assert.True(h.Amount >= 0 && h.Quantity > 0));
        }
        foreach (var rate in c.Plan.Rates)
            Assert.Equal(c.Usage.Sum(u => (decimal)PriceUnits.CountOf(rate.Unit, u)), statement.Lines.Where(l => l.Unit == rate.Unit).Sum(l => l.Quantity));
        Assert.Equal(statement.Total, statement.Lines.Sum(l => l.Amount));
        Assert.True(statement.Total >= c.Plan.Minimum);
    });

    [Fact]
    public void The_order_of_the_hours_and_their_classes_make_no_difference() => BillingGenerators.Case.Sample(c =>
    {
        var statement = Make(c.Plan, c.Month, c.Usage);
        var shuffled = c.Usage.OrderBy(u => u.DeviceClass.Length * 31 % 7).ThenByDescending(u => u.MessagesIn).ToList();
        var gathered = StatementMath.Gather(TenantId.Main, c.Month, c.Usage);
        var expected = StatementDigest.Of(statement, "");
        Assert.Equal(expected, StatementDigest.Of(Make(c.Plan, c.Month, shuffled), ""));
        Assert.Equal(expected, StatementDigest.Of(Make(c.Plan, c.Month, gathered), ""));
        Assert.Equal(StatementDigest.OfUsage(gathered), StatementDigest.OfUsage(StatementMath.Gather(TenantId.Main, c.Month, shuffled)));
    });

    [Fact]
    public void A_month_in_two_parts_costs_what_it_costs_in_one() => Gen.Select(BillingGenerators.Case, Gen.Int[0, 744]).Sample((c, cut) =>
    {
        var at = c.Month.Start.AddHours(Math.Min(cut, c.Month.Hours));
        var whole = Make(c.Plan, c.Month, c.Usage);
        var first = Make(c.Plan, c.Month, c.Usage.Where(u => u.Hour < at));
        // What the first part has is what the whole has up to there, hour by hour: nothing that comes later changes it.
        Assert.Equal(first.Hours.OrderBy(h => (h.Hour, h.Unit, h.Tier)), whole.Hours.Where(h => h.Hour < at).OrderBy(h => (h.Hour, h.Unit, h.Tier)));
        Assert.Equal(
            whole.Lines.Where(l => l.Kind == StatementLineKind.Usage).Sum(l => l.Exact),
            first.Lines.Where(l => l.Kind == StatementLineKind.Usage).Sum(l => l.Exact) + whole.Hours.Where(h => h.Hour >= at).Sum(h => h.Amount));
    });

    [Fact]
    public void Another_amount_anywhere_is_another_digest()
    {
        var plan = new PricePlan("p", November, Currency.Usd, 0, [PriceRate.Flat(PriceUnit.MillionMessages, 1m)]);
        var usage = new[] { Hour(3) with { MessagesIn = 1000 }, Hour(4) with { MessagesIn = 1000 } };
        var digests = new[]
        {
            Digest(plan, usage), Digest(plan, [usage[0]]), Digest(plan, [usage[0], usage[1] with { MessagesIn = 1001 }]), Digest(plan, [usage[0], Hour(5) with { MessagesIn = 1000 }]),
            Digest(plan with { Rates = [PriceRate.Flat(PriceUnit.MillionMessages, 1.01m)] }, usage), Digest(plan with { Name = "q" }, usage),
            Digest(plan with { Rates = [PriceRate.Flat(PriceUnit.MillionMessages, 1m, 5)] }, usage), Digest(plan with { Minimum = 1 }, usage),
        };
        Assert.Equal(digests.Length, digests.Distinct().Count());
        Assert.Equal(digests[0], Digest(plan with { Rates = [PriceRate.Flat(PriceUnit.MillionMessages, 1.000m)] }, usage));
    }

    [Fact]
    public void What_lacks_to_the_minimum_is_a_line_and_credits_are_shares_of_all_charges()
    {
        var plan = new PricePlan("p", November, Currency.Usd, 25, [PriceRate.Flat(PriceUnit.ThousandApiCalls, 0.5m)]);
        var usage = new[] { Hour(0) with { ApiCalls = 9_000 } };
        var statement = StatementMath.Make(TenantId.Main, November, plan, usage, [new CreditShare("availability", 10), new CreditShare("latency", 25)]);
        Assert.Equal(["4.5", "20.5", "-2.5", "-6.25"], statement.Lines.Select(l => l.Amount.ToString("0.##", System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal(25m, statement.Charges);
        Assert.Equal(16.25m, statement.Total);
    }

    [Fact]
    public void Credits_give_back_no_more_than_was_charged()
    {
        var plan = new PricePlan("p", November, Currency.Usd, 10, []);
        var statement = StatementMath.Make(TenantId.Main, November, plan, [], [new CreditShare("a", 70), new CreditShare("b", 70)]);
        Assert.Equal([10m, -7m, -3m], statement.Lines.Select(l => l.Amount));
        Assert.Equal(0m, statement.Total);
    }

    [Fact]
    public void Halves_of_a_cent_go_to_the_even_neighbour()
    {
        Assert.Equal(0.12m, Currency.Usd.Round(0.125m));
        Assert.Equal(0.14m, Currency.Usd.Round(0.135m));
        Assert.True(Currency.TryFind("JPY", out var yen));
        Assert.True(Currency.TryFind("KWD", out var dinar));
        Assert.Equal(2m, yen!.Round(2.5m));
        Assert.Equal(1.234m, dinar!.Round(1.2345m));
        Assert.False(Currency.TryFind("usd", out _));
    }

    [Fact]
    public void An_hour_of_another_month_or_tenant_is_refused()
    {
        var plan = new PricePlan("p", November, Currency.Usd, 1, []);
        Assert.Throws<ArgumentException>(() => Make(plan, November, [new UsageHour(TenantId.Main, November.End, "")]));
        Assert.Throws<ArgumentException>(() => Make(plan, November, [new UsageHour(TenantId.Parse("other"), November.Start, "")]));
    }

    [Theory]
    [InlineData("2026-11", 2026, 11, 720)]
    [InlineData("2028-02", 2028, 2, 696)]
    [InlineData("2026-12", 2026, 12, 744)]
    public void A_month_knows_its_hours_and_its_neighbours(string text, int year, int number, int hours)
    {
        Assert.True(BillingMonth.TryParse(text, out var month));
        Assert.Equal((year, number, hours, text), (month.Year, month.Number, month.Hours, month.ToString()));
        Assert.Equal(month.End, month.Next.Start);
        Assert.Equal(month, month.Next.Previous);
        Assert.Equal(month, BillingMonth.Of(month.End.AddTicks(-1)));
        Assert.Equal(month, BillingMonth.FromNumber(month.ToNumber()));
        Assert.True(month < month.Next && month.Next >= month);
    }

    [Theory]
    [InlineData("2026-13")]
    [InlineData("2026-00")]
    [InlineData("2026-1")]
    [InlineData("26-11")]
    [InlineData("+026-11")]
    [InlineData(null)]
    public void What_is_no_month_is_none(string? text) => Assert.False(BillingMonth.TryParse(text, out _));

    private static UsageHour Hour(int hour) => new(TenantId.Main, November.Start.AddHours(hour), "");

    private static Statement Make(PricePlan plan, BillingMonth month, IEnumerable<UsageHour> usage) => StatementMath.Make(TenantId.Main, month, plan, usage, []);

    private static string Digest(PricePlan plan, IReadOnlyList<UsageHour> usage) => StatementDigest.Of(Make(plan, November, usage), "");
}
