using System.Collections.Immutable;

namespace Strata.Core.Metering.Sla;

/// <summary>A run of minutes in which an objective was missed.</summary>
/// <param name="Lost">What it took of the budget, in its unit.</param>
/// <param name="Missing">Whether nothing was measured in it: the node was not there.</param>
public sealed record Breach(DateTimeOffset From, DateTimeOffset To, decimal Lost, bool Missing);

/// <summary>How fast the budget is spent: 1 spends it exactly by the end of the month.</summary>
public sealed record BurnRate(TimeSpan Window, decimal Rate);

/// <summary>How an objective fared.</summary>
/// <param name="From">From when on it is measured within the month.</param>
/// <param name="To">Up to when.</param>
/// <param name="Measured">Percent; null when there was nothing to measure.</param>
/// <param name="Minutes">Minutes that count.</param>
/// <param name="Missing">Minutes among them of which nothing is known.</param>
/// <param name="Excluded">Minutes of announced maintenance.</param>
/// <param name="Budget">What may be lost in the whole month: minutes, or of the messages or alerts so far.</param>
/// <param name="Spent">What was lost.</param>
/// <param name="Breaches">In order, the first <see cref="SlaMath.MaxBreaches"/>.</param>
/// <param name="BreachCount">How many there were.</param>
/// <param name="Credit">Percent of the month's charges to give back, as things stand.</param>
public sealed record ObjectiveReport(
    ServiceObjective Objective, DateTimeOffset From, DateTimeOffset To, decimal? Measured, int Minutes, int Missing, int Excluded, decimal Budget, decimal Spent,
    ImmutableArray<BurnRate> Burn, ImmutableArray<Breach> Breaches, int BreachCount, decimal Credit)
{
    /// <summary>Whether the target is kept so far; also while there was nothing to measure.</summary>
    public bool IsMet => Measured is not { } measured || measured >= Objective.Target;

    public decimal Remaining => Budget - Spent;
}
