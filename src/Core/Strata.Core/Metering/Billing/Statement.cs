using System.Collections.Immutable;
using Strata.Core.Tenancy;

namespace Strata.Core.Metering.Billing;

/// <summary>What a line of a statement is for. The numbers are in digests.</summary>
public enum StatementLineKind
{
    /// <summary>Use at one tier of a rate.</summary>
    Usage = 1,

    /// <summary>What is lacking to the plan's minimum.</summary>
    Minimum = 2,

    /// <summary>Given back because a service level was missed; negative.</summary>
    ServiceCredit = 3,
}

/// <summary>One line of a month.</summary>
/// <param name="Unit">What is counted; null except for use.</param>
/// <param name="Tier">0 is the included volume, 1 the first tier; 0 except for use.</param>
/// <param name="Quantity">In the unit's measure (<see cref="PriceUnits.MeasureOf"/>); 0 except for use.</param>
/// <param name="Units">The same in units, to 6 digits, for people.</param>
/// <param name="Price">Of one unit; 0 except for use.</param>
/// <param name="Exact">The sum of the hours; for what is not use the amount.</param>
/// <param name="Amount"><paramref name="Exact"/>, rounded half to even to the currency's minor unit.</param>
public sealed record StatementLine(
    StatementLineKind Kind, string Text, PriceUnit? Unit, int Tier, decimal Quantity, decimal Units, decimal Price, decimal Exact, decimal Amount);

/// <summary>What one hour adds to a line of use.</summary>
/// <param name="Quantity">In the unit's measure.</param>
/// <param name="Amount">To 12 digits; the hours of a line sum to its <see cref="StatementLine.Exact"/>.</param>
public sealed record StatementHour(DateTimeOffset Hour, PriceUnit Unit, int Tier, decimal Quantity, decimal Price, decimal Amount);

/// <summary>A share of the month's charges that is given back.</summary>
/// <param name="Text">For people: which objective was missed, and by how much.</param>
/// <param name="Percent">0 to 100.</param>
public sealed record CreditShare(string Text, decimal Percent);

/// <summary>A month of a tenant in money.</summary>
/// <param name="Charges">Use and minimum: what service credits are a share of.</param>
/// <param name="Total">The sum of the lines' amounts; never negative.</param>
public sealed record Statement(
    TenantId Tenant, BillingMonth Month, PricePlan Plan, ImmutableArray<StatementLine> Lines, ImmutableArray<StatementHour> Hours, decimal Charges, decimal Total);
