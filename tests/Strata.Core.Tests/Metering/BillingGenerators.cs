using System.Collections.Immutable;
using CsCheck;
using Strata.Core.Metering;
using Strata.Core.Metering.Billing;
using Strata.Core.Tenancy;

namespace Strata.Core.Tests.Metering;

/// <summary>Months, plans and hours of use, at random.</summary>
internal static class BillingGenerators
{
    public static readonly Gen<BillingMonth> Month = Gen.Select(Gen.Int[2020, 2030], Gen.Int[1, 12], (year, number) => BillingMonth.FromNumber((year * 100) + number));

    private static readonly Gen<decimal> Price = Gen.Int[0, 5_000_000].Select(p => p / 100_000m);

    private static readonly Gen<PriceRate> RateOf = Gen.Select(Gen.Enum<PriceUnit>(), Gen.Int[0, 3000], Gen.Select(Gen.Int[1, 2000], Price).Array[0, 4], Price, (unit, included, tiers, last) =>
    {
        var (end, list) = (0m, new List<PriceTier>());
        foreach (var (length, price) in tiers)
            list.Add(new PriceTier(end += length / 100m, price));
        return new PriceRate(unit, included / 100m, [.. list, new PriceTier(null, last)]);
    });

    public static readonly Gen<PriceRate> Rate = RateOf;

    public static readonly Gen<PricePlan> Plan = Gen.Select(RateOf.Array[1, 5], Gen.Int[0, 20_000], Gen.Int[0, 2].Select(i => new[] { "USD", "JPY", "KWD" }[i]), (rates, minimum, code) =>
    {
        Assert.True(Currency.TryFind(code, out var currency));
        var bytes = rates.Any(r => r.Unit == PriceUnit.Megabyte);
        return new PricePlan("p", BillingMonth.FromNumber(202001), currency, currency.Round(minimum / 100m), [.. rates.DistinctBy(r => r.Unit).Where(r => !bytes || r.Unit != PriceUnit.Gigabyte)]);
    });

    /// <summary>Hours of the month, several classes, in no order; each class and hour once.</summary>
    public static Gen<ImmutableArray<UsageHour>> Usage(BillingMonth month) =>
        Gen.Select(Gen.Int[0, month.Hours - 1], Gen.Int[0, 2].Select(i => new[] { "", "th-1", "th-2" }[i]), Gen.Long[0, 3_000_000], Gen.Long[0, 40_000_000_000], Gen.Int[0, 5_000], Gen.Int[0, 400]).Array[0, 60].Select(rows =>
            rows.DistinctBy(r => (r.Item1, r.Item2)).Select(r => new UsageHour(TenantId.Main, month.Start.AddHours(r.Item1), r.Item2)
            {
                MessagesIn = r.Item3, BytesIn = r.Item3 * 90, StorageBytes = r.Item4, ApiCalls = r.Item5, Devices = r.Item6,
            }).ToImmutableArray());

    public static readonly Gen<(PricePlan Plan, BillingMonth Month, ImmutableArray<UsageHour> Usage)> Case =
        Month.SelectMany(m => Gen.Select(Plan, Usage(m), (plan, usage) => (plan, m, usage)));
}
