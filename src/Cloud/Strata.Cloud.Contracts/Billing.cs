namespace Strata.Cloud.Contracts;

/// <summary>A step of a price: its upper end in units beyond the included volume (null for the last step), and what a unit in it costs.</summary>
public sealed record PriceTierInfo(decimal Price, decimal? UpTo = null);

/// <summary>What one kind of use costs.</summary>
/// <param name="Unit"><c>million-messages</c>, <c>mb</c>, <c>gb</c>, <c>gb-month</c>, <c>thousand-api-calls</c> or <c>device-month</c>.</param>
/// <param name="Tiers">Marginal: a greater quantity never makes the first units cheaper.</param>
/// <param name="Included">Units of each month that cost nothing.</param>
public sealed record PriceRateInfo(string Unit, IReadOnlyList<PriceTierInfo> Tiers, decimal Included = 0);

/// <summary>One version of a price plan of the installation's.</summary>
/// <param name="From">The first month for which it holds, for example <c>2026-11</c>.</param>
/// <param name="Minimum">What a month costs at least.</param>
public sealed record PricePlanInfo(
    string Name, string From, string Currency, decimal Minimum, IReadOnlyList<PriceRateInfo> Rates, DateTimeOffset? Created = null, string? CreatedBy = null);

/// <summary>A request for a version of a plan.</summary>
/// <param name="From">The first month for which it holds; the current month for a new plan, the next one for a plan that is there, when left out.</param>
public sealed record SetPricePlan(string Currency, IReadOnlyList<PriceRateInfo> Rates, decimal Minimum = 0, string? From = null);

/// <summary>A request to give a tenant a plan.</summary>
/// <param name="From">The first month; the current one when left out. Not a month that is closed.</param>
public sealed record AssignPlan(string Plan, string? From = null);

/// <summary>From which month on a tenant has which plan.</summary>
public sealed record PlanAssignmentInfo(string Plan, string From, DateTimeOffset Assigned, string AssignedBy);

/// <summary>One line of a statement.</summary>
/// <param name="Kind"><c>usage</c>, <c>minimum</c> or <c>service-credit</c>.</param>
/// <param name="Tier">Of use: 0 is the included volume, 1 the first tier.</param>
/// <param name="Quantity">Of use: in <paramref name="Measure"/>, exact.</param>
/// <param name="Units">The same in units, to 6 digits.</param>
/// <param name="Exact">The sum of the hours.</param>
/// <param name="Amount">That, rounded half to even to the currency's minor unit.</param>
public sealed record StatementLineInfo(
    string Kind, string Text, decimal Exact, decimal Amount, string? Unit = null, int? Tier = null, decimal? Quantity = null, string? Measure = null, decimal? Units = null, decimal? Price = null);

/// <summary>What one hour adds to a line of use.</summary>
/// <param name="Amount">To 12 digits; a line's hours sum to its exact amount.</param>
public sealed record StatementHourInfo(DateTimeOffset Hour, string Unit, int Tier, decimal Quantity, string Measure, decimal Price, decimal Amount);

/// <summary>What is given back of a closed month.</summary>
public sealed record CreditNoteInfo(int Number, string Month, decimal Amount, string Currency, string Reason, DateTimeOffset Issued, string IssuedBy);

/// <summary>A request for a credit note.</summary>
public sealed record CreateCreditNote(decimal Amount, string Reason);

/// <summary>A month of a tenant in money.</summary>
/// <param name="State"><c>open</c>: it goes on, or waits for its close; <c>closed</c>: it is not changed any more.</param>
/// <param name="UpTo">Up to when it was counted.</param>
/// <param name="Charges">Use and minimum: what service credits are a share of.</param>
/// <param name="Total">The sum of the lines.</param>
/// <param name="Credited">The sum of the credit notes.</param>
/// <param name="Due"><paramref name="Total"/> less <paramref name="Credited"/>.</param>
/// <param name="Digest">SHA-256 over the whole statement; of a closed one.</param>
/// <param name="UsageDigest">SHA-256 over the meter's hours that it is made of.</param>
/// <param name="Hours">When asked for.</param>
public sealed record StatementInfo(
    string Tenant, string Month, string State, PricePlanInfo Plan, DateTimeOffset UpTo, IReadOnlyList<StatementLineInfo> Lines, decimal Charges, decimal Total, decimal Credited, decimal Due,
    IReadOnlyList<CreditNoteInfo> CreditNotes, string UsageDigest, string? Digest = null, DateTimeOffset? Closed = null, string? ClosedBy = null, IReadOnlyList<StatementHourInfo>? Hours = null);

/// <summary>A month in the list of statements.</summary>
public sealed record StatementSummary(string Month, string State, string Plan, string Currency, decimal Total, decimal Credited, DateTimeOffset? Closed);

/// <summary>Whether a closed statement is what it was, and still follows from the meter.</summary>
/// <param name="Whole">All checks hold.</param>
public sealed record StatementVerification(string Month, bool Whole, string Digest, IReadOnlyList<StatementCheckInfo> Checks);

/// <summary>One check of a statement.</summary>
/// <param name="Holds">Null when it cannot be made any more.</param>
public sealed record StatementCheckInfo(string Name, bool? Holds, string Detail);
