using Strata.Cloud.Platform;

namespace Strata.Cloud.Health.Rows;

/// <summary>What is to be done at devices of one place.</summary>
internal sealed record WorkOrderRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Id { get; init; }

    /// <summary>As the API names it.</summary>
    public required string Kind { get; init; }

    /// <summary>As the API names it.</summary>
    public required string State { get; init; }

    public string? Site { get; init; }

    public required DateTimeOffset Due { get; init; }

    public string? Assignee { get; init; }

    /// <summary>Of the window that it is put into.</summary>
    public string? Window { get; init; }

    /// <summary>JSON, see <see cref="Work.WorkText"/>.</summary>
    public required string Parts { get; init; }

    /// <summary>JSON, see <see cref="Work.WorkText"/>.</summary>
    public required string Items { get; init; }

    public string? Note { get; init; }

    public required DateTimeOffset Created { get; init; }

    public required string CreatedBy { get; init; }

    /// <summary>When a person first did something about what the node ordered; null while nobody has.</summary>
    public DateTimeOffset? Answered { get; init; }

    /// <summary>When it was over; null while it is not.</summary>
    public DateTimeOffset? Closed { get; init; }

    public string? ClosedBy { get; init; }
}

/// <summary>A time in which work is done at a place.</summary>
internal sealed record SiteWindowRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Id { get; init; }

    /// <summary>Null for the whole tenant.</summary>
    public string? Site { get; init; }

    public required DateTimeOffset Begins { get; init; }

    public required DateTimeOffset Ends { get; init; }

    public required string Reason { get; init; }

    public required DateTimeOffset Created { get; init; }

    public required string CreatedBy { get; init; }
}
