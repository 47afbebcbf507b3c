using System.Collections.Immutable;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Devices.Rows;

/// <summary>A gateway, expected (no secret yet) or joined.</summary>
internal sealed record GatewayRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Id { get; init; }

    public required string Site { get; init; }

    /// <summary>The gateway it is chained to; null when it dials the cloud.</summary>
    public string? Parent { get; init; }

    /// <summary>SHA-256 of its secret; null until it has joined.</summary>
    [Protected]
    public byte[]? SecretHash { get; init; }

    /// <summary>Policy per metric (<c>raw</c>, <c>window</c>, <c>both</c>); <c>*</c> is the default.</summary>
    public ImmutableSortedDictionary<string, string> Uplink { get; init; } = Values.NoPolicies;

    public string? Mqtt { get; init; }

    public string? Http { get; init; }

    /// <summary>The program's version, as it said when it joined.</summary>
    public string? Version { get; init; }

    public required DateTimeOffset Created { get; init; }

    public DateTimeOffset? Joined { get; init; }

    /// <summary>Version of its configuration: grows with each change that it must know. Never goes back, also when the gateway is removed and joins anew.</summary>
    public required long Revision { get; init; }
}
