namespace Strata.Core.Metering.Billing;

/// <summary>
/// What a quantity costs at a rate. The cost is a function of the whole quantity of the month; an hour costs what the function grows by in it. So the hours add up to the
/// month exactly, whatever their order and however they are cut.
/// </summary>
/// <remarks>A division (GB months, device months) need not end: the cost within each tier is kept to <see cref="Digits"/> digits, halves to even. Nothing else is rounded before the line.</remarks>
public sealed class RateMeter
{
    /// <summary>Digits after the point of an hour's amounts.</summary>
    public const int Digits = 12;

    private readonly PriceRate rate;
    private readonly decimal size;
    private readonly (decimal From, decimal? To, decimal Price)[] steps;

    public RateMeter(PriceRate rate, BillingMonth month)
    {
        (this.rate, size) = (rate, PriceUnits.SizeOf(rate.Unit, month));
        var from = rate.Included * size;
        var list = new List<(decimal, decimal?, decimal)> { (0, from, 0) };
        foreach (var tier in rate.Tiers)
        {
            decimal? to = tier.UpTo is { } end ? (rate.Included + end) * size : null;
            list.Add((from, to, tier.Price));
            from = to ?? from;
        }
        steps = [.. list];
    }

    /// <summary>0 is the included volume, 1 the rate's first tier.</summary>
    public int Tiers => steps.Length;

    public PriceUnit Unit => rate.Unit;

    /// <summary>A unit's price in the tier.</summary>
    public decimal PriceOf(int tier) => steps[tier].Price;

    /// <summary>How much of a quantity lies in the tier.</summary>
    public decimal PartOf(int tier, decimal quantity)
    {
        var (from, to, _) = steps[tier];
        return Math.Max(0, (to is { } end ? Math.Min(quantity, end) : quantity) - from);
    }

    /// <summary>What the part of a quantity that lies in the tier costs.</summary>
    public decimal CostOf(int tier, decimal quantity) =>
        decimal.Round(PartOf(tier, quantity) * steps[tier].Price / size, Digits, MidpointRounding.ToEven);

    /// <summary>What a quantity costs. Grows with the quantity, from 0.</summary>
    public decimal CostOf(decimal quantity) => Enumerable.Range(0, steps.Length).Sum(t => CostOf(t, quantity));

    /// <summary>A quantity in units, for people: to 6 digits.</summary>
    public decimal ToUnits(decimal quantity) => decimal.Round(quantity / size, 6, MidpointRounding.ToEven);
}
