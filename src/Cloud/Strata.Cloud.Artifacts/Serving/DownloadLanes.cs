using Strata.Core.Metering;
using Strata.Core.Tenancy;
using Strata.Node.Artifacts;

namespace Strata.Cloud.Artifacts.Serving;

/// <summary>What a download is bounded by: with the others of its tenant, and with the others of who reads.</summary>
internal static class DownloadLanes
{
    /// <param name="quotas">Of the tenant; the lower of its rate and the node's holds.</param>
    /// <param name="name">Of who reads, within the tenant.</param>
    public static DownloadLane[] Of(ArtifactsOptions options, Quotas quotas, TenantId tenant, PrincipalKind kind, string name) =>
    [
        new(tenant.Value, options.MaxDownloadsOfTenant, Lower(options.BytesPerSecondOfTenant, quotas.DownloadBytesPerSecond ?? 0)),
        new($"{tenant.Value}\n{kind}/{name}", options.MaxDownloadsOfReader, kind is PrincipalKind.Gateway ? options.BytesPerSecondOfGateway : options.BytesPerSecondOfReader),
    ];

    private static long Lower(long one, long other) => one == 0 ? other : other == 0 ? one : Math.Min(one, other);
}
