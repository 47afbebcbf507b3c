using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Identity.Rows;

/// <summary>The names for which a gateway has certificates that have not ended.</summary>
[OfInstallation("the certificate leads to this installation's root")]
internal sealed record GatewayNamesRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Gateway { get; init; }

    /// <summary>Hosts and addresses, a space between them.</summary>
    public required string Names { get; init; }

    /// <summary>Of the newest certificate.</summary>
    public required string Serial { get; init; }

    /// <summary>When that ends.</summary>
    public required DateTimeOffset NotAfter { get; init; }
}
