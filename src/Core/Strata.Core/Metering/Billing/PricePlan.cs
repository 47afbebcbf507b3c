using System.Collections.Immutable;

namespace Strata.Core.Metering.Billing;

/// <summary>A step of a price: what lies in it costs this much a unit. Steps are marginal: a greater quantity never makes the first units cheaper.</summary>
/// <param name="UpTo">The step's upper end, in units beyond the included volume; null for the last step.</param>
/// <param name="Price">For one unit, in the plan's currency.</param>
public sealed record PriceTier(decimal? UpTo, decimal Price);

/// <summary>What one kind of use costs.</summary>
/// <param name="Included">Units of each month that cost nothing.</param>
/// <param name="Tiers">In order; the last one has no end.</param>
public sealed record PriceRate(PriceUnit Unit, decimal Included, ImmutableArray<PriceTier> Tiers)
{
    /// <summary>The same price for every unit.</summary>
    public static PriceRate Flat(PriceUnit unit, decimal price, decimal included = 0) => new(unit, included, [new PriceTier(null, price)]);
}

/// <summary>One version of a price plan: prices that hold from a month on. A month has one plan and one version of it.</summary>
/// <param name="Name">As a role's name.</param>
/// <param name="From">The first month for which these prices hold.</param>
/// <param name="Minimum">What a month costs at least, before service credits.</param>
/// <param name="Rates">One a unit at most.</param>
public sealed record PricePlan(string Name, BillingMonth From, Currency Currency, decimal Minimum, ImmutableArray<PriceRate> Rates)
{
    /// <summary>The highest price of a unit and the highest minimum.</summary>
    public const decimal MaxPrice = 1_000_000m;

    /// <summary>Digits of a price after the point at most.</summary>
    public const int MaxPriceDigits = 8;

    /// <summary>The highest bound of a step and included volume.</summary>
    public const decimal MaxUnits = 1_000_000_000m;

    /// <summary>Steps of one rate at most.</summary>
    public const int MaxTiers = 20;

    /// <summary>Why this cannot be a plan; null when it can.</summary>
    public Problem? Check()
    {
        if (!NameRule.IsValid(Name, 64, allowSpace: false))
            return Wrong("A plan's name is a letter or digit, then letters, digits and . _ : -, at most 64.", "name");
        if (Minimum is < 0 or > MaxPrice || decimal.Round(Minimum, Currency.Digits) != Minimum)
            return Wrong($"The minimum is 0 to {MaxPrice:N0} with at most {Currency.Digits} digits after the point ({Currency}).", "minimum");
        foreach (var rate in Rates)
        {
            if (Rates.Count(r => r.Unit == rate.Unit) > 1)
                return Wrong($"There are several rates for {PriceUnits.NameOf(rate.Unit)}; a rate with several tiers is one.", "rates");
            if (CheckRate(rate) is { } problem)
                return problem;
        }
        if (Rates.Any(r => r.Unit == PriceUnit.Megabyte) && Rates.Any(r => r.Unit == PriceUnit.Gigabyte))
            return Wrong("The same bytes would be charged twice, by mb and by gb: use one of them.", "rates");
        return Rates.IsEmpty && Minimum == 0 ? Wrong("A plan without rates and without a minimum charges nothing; give it at least one of them (a price may be 0).", "rates") : null;
    }

    private static Problem? CheckRate(PriceRate rate)
    {
        var name = PriceUnits.NameOf(rate.Unit);
        if (rate.Included is < 0 or > MaxUnits || decimal.Round(rate.Included, 6) != rate.Included)
            return Wrong($"{name}: the included volume is 0 to {MaxUnits:N0} units with at most 6 digits after the point.", "rates");
        if (rate.Tiers.Length is 0 or > MaxTiers)
            return Wrong($"{name}: a rate has 1 to {MaxTiers} tiers; one without 'upTo' is the same price for all.", "rates");
        var last = 0m;
        for (var i = 0; i < rate.Tiers.Length; i++)
        {
            var tier = rate.Tiers[i];
            if (tier.Price is < 0 or > MaxPrice || decimal.Round(tier.Price, MaxPriceDigits) != tier.Price)
                return Wrong($"{name}: a price is 0 to {MaxPrice:N0} with at most {MaxPriceDigits} digits after the point.", "rates");
            if (tier.UpTo is null != (i == rate.Tiers.Length - 1))
                return Wrong($"{name}: every tier but the last says where it ends ('upTo'), the last one has no end.", "rates");
            if (tier.UpTo is { } end && (end <= last || end > MaxUnits || decimal.Round(end, 6) != end))
                return Wrong($"{name}: each tier ends beyond the one before, at most at {MaxUnits:N0} units, with at most 6 digits after the point.", "rates");
            last = tier.UpTo ?? last;
        }
        return null;
    }

    private static Problem Wrong(string detail, string field) => new(ProblemKind.Invalid, detail, field);
}
