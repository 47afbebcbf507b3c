using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Billing.Rows;

/// <summary>One version of a price plan of the installation's.</summary>
[WithoutTenant("prices are the platform's; which plan a tenant has is in plan_assignments")]
internal sealed record PricePlanRow
{
    public required string Name { get; init; }

    /// <summary>The first month for which it holds, as 202611.</summary>
    public required int FromMonth { get; init; }

    /// <summary>Currency, minimum and rates, as the API writes them (JSON).</summary>
    public required string Document { get; init; }

    public required DateTimeOffset Created { get; init; }

    public required string CreatedBy { get; init; }
}

/// <summary>From which month on a tenant has which plan; it holds until the next one.</summary>
internal sealed record PlanAssignmentRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>As 202611.</summary>
    public required int FromMonth { get; init; }

    public required string Plan { get; init; }

    public required DateTimeOffset Assigned { get; init; }

    [Protected]
    public required string AssignedBy { get; init; }
}

/// <summary>A closed month. Everything that it was made of is in it.</summary>
internal sealed record StatementRow : IAppendOnlyRow
{
    public required string TenantId { get; init; }

    /// <summary>As 202611.</summary>
    public required int Month { get; init; }

    public required string Currency { get; init; }

    /// <summary>In the minor unit of the currency: 1249 for $12.49.</summary>
    public required long TotalMinor { get; init; }

    /// <summary>Plan, credits and lines (JSON, <see cref="Statements.ClosedStatement"/>).</summary>
    public required string Document { get; init; }

    /// <summary>The meter's hours (JSON, <see cref="Statements.UsageText"/>).</summary>
    public required string Usage { get; init; }

    public required string UsageDigest { get; init; }

    public required string Digest { get; init; }

    /// <summary>Of the digest, with the installation's audit key, which is not in the database.</summary>
    public required string Signature { get; init; }

    public required DateTimeOffset Closed { get; init; }

    public required string ClosedBy { get; init; }
}

/// <summary>What is given back of a closed month: its only correction.</summary>
internal sealed record CreditNoteRow : IAppendOnlyRow
{
    public required string TenantId { get; init; }

    /// <summary>1, 2, 3 ... of the tenant.</summary>
    public required int Number { get; init; }

    /// <summary>Of which statement, as 202611.</summary>
    public required int Month { get; init; }

    /// <summary>In the minor unit of the statement's currency.</summary>
    public required long AmountMinor { get; init; }

    public required string Reason { get; init; }

    public required DateTimeOffset Issued { get; init; }

    public required string IssuedBy { get; init; }

    public required string Signature { get; init; }
}
