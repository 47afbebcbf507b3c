using CsCheck;
using Strata.Core.Metering.Billing;

namespace Strata.Core.Tests.Metering;

public sealed class RateMeterTests
{
    private static readonly BillingMonth November = BillingMonth.FromNumber(202611);

    [Fact]
    public void More_never_costs_less_and_the_included_volume_costs_nothing() =>
        Gen.Select(BillingGenerators.Rate, BillingGenerators.Month, Gen.Long[0, 50_000_000_000_000], Gen.Long[0, 1_000_000_000]).Sample((rate, month, quantity, more) =>
        {
            var meter = new RateMeter(rate, month);
            Assert.True(meter.CostOf(quantity + more) >= meter.CostOf(quantity));
            Assert.Equal(0m, meter.CostOf(rate.Included * PriceUnits.SizeOf(rate.Unit, month)));
            Assert.Equal(quantity, Enumerable.Range(0, meter.Tiers).Sum(t => meter.PartOf(t, quantity)));
        });

    [Fact]
    public void Tiers_are_marginal_as_adding_up_unit_by_unit_shows() =>
        Gen.Select(BillingGenerators.Rate, Gen.Int[0, 120]).Sample((rate, units) =>
        {
            var meter = new RateMeter(rate, November);
            var size = PriceUnits.SizeOf(rate.Unit, November);
            var naive = 0m;
            const int Slices = 100; // Bounds of the generated tiers are whole hundredths of a unit.
            for (var slice = 0; slice < units * Slices; slice++)
            {
                var beyond = ((decimal)slice / Slices) - rate.Included;
                naive += beyond < 0 ? 0 : rate.Tiers.First(t => t.UpTo is not { } end || beyond < end).Price / Slices;
            }
            Assert.True(Math.Abs(naive - meter.CostOf(units * size)) <= 0.00000001m, $"{naive} and {meter.CostOf(units * size)}");
        });

    [Fact]
    public void Prices_of_two_tiers_and_an_included_volume_are_what_one_reckons_by_hand()
    {
        var meter = new RateMeter(new PriceRate(PriceUnit.MillionMessages, 1, [new PriceTier(10, 1.00m), new PriceTier(null, 0.80m)]), November);
        Assert.Equal(0m, meter.CostOf(1_000_000));
        Assert.Equal(0.5m, meter.CostOf(1_500_000));
        Assert.Equal(10m, meter.CostOf(11_000_000));
        Assert.Equal(10m + (0.8m * 9), meter.CostOf(20_000_000));
    }

    [Theory]
    [InlineData("included", "the included volume")]
    [InlineData("price", "a price is")]
    [InlineData("bounds", "each tier ends beyond")]
    [InlineData("open", "every tier but the last")]
    [InlineData("twice", "several rates")]
    [InlineData("bytes", "charged twice")]
    [InlineData("nothing", "charges nothing")]
    [InlineData("minimum", "The minimum")]
    [InlineData("name", "A plan's name")]
    public void A_plan_that_cannot_be_is_refused_with_the_reason(string what, string reason)
    {
        var good = new PricePlan("standard", November, Currency.Usd, 10, [PriceRate.Flat(PriceUnit.Gigabyte, 0.1m)]);
        Assert.Null(good.Check());
        var bad = what switch
        {
            "included" => good with { Rates = [PriceRate.Flat(PriceUnit.Gigabyte, 0.1m, -1)] },
            "price" => good with { Rates = [PriceRate.Flat(PriceUnit.Gigabyte, 0.123456789m)] },
            "bounds" => good with { Rates = [new PriceRate(PriceUnit.Gigabyte, 0, [new(5, 1), new(5, 1), new(null, 1)])] },
            "open" => good with { Rates = [new PriceRate(PriceUnit.Gigabyte, 0, [new(null, 1), new(null, 1)])] },
            "twice" => good with { Rates = [PriceRate.Flat(PriceUnit.Gigabyte, 1), PriceRate.Flat(PriceUnit.Gigabyte, 1)] },
            "bytes" => good with { Rates = [PriceRate.Flat(PriceUnit.Gigabyte, 1), PriceRate.Flat(PriceUnit.Megabyte, 1)] },
            "nothing" => good with { Rates = [], Minimum = 0 },
            "minimum" => good with { Minimum = 1.005m },
            _ => good with { Name = "no such name" },
        };
        Assert.Contains(reason, bad.Check()!.Detail, StringComparison.Ordinal);
    }
}
