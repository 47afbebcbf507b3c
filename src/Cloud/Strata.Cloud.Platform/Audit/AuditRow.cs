using Strata.Cloud.Platform.Isolation;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Audit;

/// <summary>Who changed what. Written in the transaction of the change and never changed; its place in the chain is in <see cref="AuditSealRow"/>.</summary>
[GrowsBy(nameof(Id))]
public sealed record AuditRow : ITenantRow
{
    /// <summary>The result of what was done.</summary>
    public const string Done = "done";

    /// <summary>It was tried and not allowed.</summary>
    public const string Refused = "refused";

    /// <summary>It was tried, and the node could not.</summary>
    public const string Failed = "failed";

    public required string TenantId { get; init; }

    /// <summary>Grows with each record of the tenant; from <see cref="AuditNumbers"/>.</summary>
    public required long Id { get; init; }

    public required DateTimeOffset Time { get; init; }

    /// <summary>The token's name, the gateway's id, or <c>node</c> for what the node does by itself.</summary>
    [Protected]
    public required string Actor { get; init; }

    /// <summary>One word: <c>create</c>, <c>change</c>, <c>decommission</c>, <c>join</c>, ...</summary>
    public required string Action { get; init; }

    /// <summary><c>tenant</c>, <c>site</c>, <c>gateway</c>, <c>device</c>, <c>group</c>, <c>join-token</c>, <c>api-token</c>, <c>role</c>, <c>architecture</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The id of what was changed.</summary>
    [Protected]
    public required string Subject { get; init; }

    /// <summary>A JSON document; null when there is nothing to add. Never a secret.</summary>
    [Protected]
    public string? Detail { get; init; }

    /// <summary>What it was, a JSON document without secrets; null when it is new.</summary>
    [Protected]
    public string? Before { get; init; }

    /// <summary>What it is now; null when it is gone.</summary>
    [Protected]
    public string? After { get; init; }

    /// <summary>The address that the request came from; null for what the node does by itself.</summary>
    [Protected]
    public string? Origin { get; init; }

    /// <summary><see cref="Done"/>, <see cref="Refused"/> or <see cref="Failed"/>.</summary>
    public string Result { get; init; } = Done;

    /// <summary>As it is sealed.</summary>
    internal AuditEntry ToEntry() => new(Id, EventTime.From(Time), Actor, Action, Kind, Subject, Detail, Before, After, Origin, Result);
}

/// <summary>The place of a record in its tenant's chain. Append-only like the record.</summary>
[GrowsBy(nameof(Number))]
public sealed record AuditSealRow : ITenantRow
{
    public required string TenantId { get; init; }

    /// <summary>From 1, without gaps.</summary>
    public required long Number { get; init; }

    /// <summary>The record's.</summary>
    public required long AuditId { get; init; }

    /// <summary>Lower-case hexadecimal, see <see cref="AuditChain.Link"/>.</summary>
    public required string Hash { get; init; }
}

/// <summary>A signed point of a tenant's chain: <see cref="Head"/>, its newest link, or <see cref="Anchor"/>, the last one that retention took away.</summary>
public sealed record AuditMarkRow : ITenantRow
{
    public const string Head = "head";

    public const string Anchor = "anchor";

    public required string TenantId { get; init; }

    public required string Kind { get; init; }

    public required long Number { get; init; }

    public required string Hash { get; init; }

    public required DateTimeOffset Time { get; init; }

    /// <summary>Lower-case hexadecimal, see <see cref="AuditChain.Sign"/>.</summary>
    public required string Signature { get; init; }
}
