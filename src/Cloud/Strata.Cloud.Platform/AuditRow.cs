namespace Strata.Cloud.Platform;

/// <summary>Who changed what. Written in the transaction of the change.</summary>
public sealed record AuditRow : ITenantRow
{
    public required string TenantId { get; init; }

    /// <summary>Grows by one with each record of the tenant.</summary>
    public required long Id { get; init; }

    public required DateTimeOffset Time { get; init; }

    /// <summary>The token's name, the gateway's id, or <c>node</c> for what the node does by itself.</summary>
    public required string Actor { get; init; }

    /// <summary>One word: <c>create</c>, <c>change</c>, <c>decommission</c>, <c>join</c>, ...</summary>
    public required string Action { get; init; }

    /// <summary><c>site</c>, <c>gateway</c>, <c>device</c>, <c>group</c>, <c>join-token</c>, <c>api-token</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The id of what was changed.</summary>
    public required string Subject { get; init; }

    /// <summary>A JSON document; null when there is nothing to add. Never a secret.</summary>
    public string? Detail { get; init; }
}
