namespace Strata.Cloud.Contracts;

/// <summary>What is given back when the month stays below <paramref name="Below"/> percent: so many percent of the month's charges.</summary>
public sealed record CreditStepInfo(decimal Below, decimal Percent);

/// <summary>What is promised to a tenant.</summary>
/// <param name="Kind"><c>ingest-availability</c>, <c>api-availability</c>, <c>ingest-latency</c>, <c>delivery-ratio</c> or <c>alert-response</c>.</param>
/// <param name="Target">Percent of time, of messages or of alerts.</param>
/// <param name="From">The first month for which it holds.</param>
/// <param name="Since">From when on it is judged.</param>
/// <param name="AllowedPerYear">What the target leaves of 365 days; of what is a share of time.</param>
/// <param name="LimitMs">Of latency: what 95 % of a minute's acknowledgements must stay within. Of alerts: the time to answer one.</param>
public sealed record ObjectiveInfo(
    string Kind, string Title, decimal Target, string From, DateTimeOffset Since, IReadOnlyList<CreditStepInfo> Credits, string SetBy, TimeSpan? AllowedPerYear = null, decimal? LimitMs = null);

/// <summary>A request to promise something. It holds from the next month on when something else of the kind holds in this one, otherwise from now on.</summary>
/// <param name="Credits">The usual ones when left out: 10 % below the target, 25 % below 99 %.</param>
public sealed record SetObjective(decimal Target, decimal? LimitMs = null, IReadOnlyList<CreditStepInfo>? Credits = null);

/// <summary>How fast the budget is spent: at 1 it lasts exactly for the month.</summary>
public sealed record BurnRateInfo(TimeSpan Window, decimal Rate);

/// <summary>A run of minutes in which an objective was missed.</summary>
/// <param name="Lost">What it took of the budget.</param>
/// <param name="Missing">Nothing was measured in it: the node was not there.</param>
public sealed record BreachInfo(DateTimeOffset From, DateTimeOffset To, decimal Lost, bool Missing);

/// <summary>How an objective fared in a month.</summary>
/// <param name="Measured">Percent, rounded down to 4 digits; null when there was nothing to measure.</param>
/// <param name="Minutes">Minutes that count.</param>
/// <param name="Missing">Minutes among them of which nothing is known.</param>
/// <param name="Excluded">Minutes of announced maintenance.</param>
/// <param name="BudgetUnit"><c>minutes</c>, <c>messages</c> or <c>alerts</c>: what <paramref name="Budget"/>, <paramref name="Spent"/> and the breaches are in.</param>
/// <param name="Credit">Percent of the month's charges to give back, as things stand.</param>
public sealed record ObjectiveReportInfo(
    string Kind, string Title, decimal Target, decimal? LimitMs, DateTimeOffset From, DateTimeOffset To, decimal? Measured, bool Met, int Minutes, int Missing, int Excluded,
    string BudgetUnit, decimal Budget, decimal Spent, decimal Remaining, decimal Credit, IReadOnlyList<BurnRateInfo> Burn, IReadOnlyList<BreachInfo> Breaches, int BreachCount);

/// <summary>An announced time in which nothing is promised.</summary>
public sealed record MaintenanceInfo(string Id, DateTimeOffset From, DateTimeOffset To, string Reason, DateTimeOffset Announced, string AnnouncedBy);

/// <summary>A request to announce maintenance; it may not begin in the past.</summary>
public sealed record AnnounceMaintenance(DateTimeOffset From, DateTimeOffset To, string Reason);

/// <summary>A month of a tenant's service.</summary>
/// <param name="State"><c>running</c> or <c>over</c>.</param>
public sealed record SlaReportInfo(
    string Tenant, string Month, string State, DateTimeOffset UpTo, IReadOnlyList<ObjectiveReportInfo> Objectives, IReadOnlyList<MaintenanceInfo> Maintenance);
