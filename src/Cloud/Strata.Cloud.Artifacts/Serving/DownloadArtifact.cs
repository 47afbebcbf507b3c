using Microsoft.AspNetCore.Http;
using Strata.Cloud.Artifacts.Content;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Platform.Updates;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Artifacts;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Metering;
using Strata.Storage;

namespace Strata.Cloud.Artifacts.Serving;

/// <summary>
/// <c>GET /artifacts/{sha256}</c>: the bytes, for a device that a job of its own names them to, for its gateway on its behalf, and for people and programs with <c>updates.read</c>. To everybody else, and to the other
/// tenants whatever they know, they are not there.
/// </summary>
internal sealed class DownloadArtifact(ArtifactsStore store, ContentFolder folder, DownloadGate gate, ArtifactsOptions options, Meter meter, IFleet fleet, GatewayDirectory gateways, IEnumerable<IArtifactReaders> readers) : IArtifactBytes
{
    private static readonly Problem Busy = new(ProblemKind.TooMuch, IArtifactBytes.Busy);

    private readonly IArtifactReaders[] readers = [.. readers];

    public static Problem Unknown => new(ProblemKind.NotFound, "There is no such artifact for this caller.", "sha256");

    public IResult Handle(string sha256, HttpContext context)
    {
        var tenant = context.Tenant();
        if (!MayRead(context, tenant, sha256) || !store.Shelf(tenant).Contents.ContainsKey(sha256) || folder.Find(sha256) is not { } path)
            return ProblemResults.Of(Unknown);
        if (Enter(tenant, context.Access().Principal.Kind, context.User.Name()) is { } passage)
            return new ServedContent(path, sha256, passage);
        context.Response.Headers.RetryAfter = "2";
        return ProblemResults.Of(Busy);
    }

    /// <summary>In blocks, by MQTT.</summary>
    public Task<Outcome<ArtifactBytes>> OpenAsync(TenantId tenant, DeviceId device, string sha256, CancellationToken cancellationToken) => Task.FromResult(Open(tenant, device, sha256));

    private Outcome<ArtifactBytes> Open(TenantId tenant, DeviceId device, string sha256)
    {
        if (!readers.Any(r => r.MayRead(tenant, device, sha256)) || !store.Shelf(tenant).Contents.ContainsKey(sha256) || folder.Find(sha256) is not { } path)
            return Unknown;
        if (Enter(tenant, PrincipalKind.Device, device.Value) is not { } passage)
            return Busy;
        try
        {
            return new ArtifactBytes(SafeFiles.OpenToSend(path), passage);
        }
        catch (FileNotFoundException)
        {
            passage.Dispose();
            return Unknown;
        }
    }

    private DownloadPassage? Enter(TenantId tenant, PrincipalKind kind, string name) => gate.Enter(DownloadLanes.Of(options, meter.Of(tenant).Quotas, tenant, kind, name));

    private bool MayRead(HttpContext context, TenantId tenant, string sha256)
    {
        if (context.User.Device() is { } device)
            return readers.Any(r => r.MayRead(tenant, device, sha256));
        if (context.User.Gateway() is { } gateway)
            return DeviceId.TryParse(context.Request.Headers[IArtifactBytes.DeviceHeader].ToString(), out var behind) && IsBehind(tenant, behind, gateway) && readers.Any(r => r.MayRead(tenant, behind, sha256));
        return context.Access().Principal.Share is null && context.Access().Principal.Holds(Permission.UpdatesRead);
    }

    /// <summary>The device was last heard through the gateway or is registered in its place.</summary>
    private bool IsBehind(TenantId tenant, DeviceId device, GatewayId gateway) =>
        fleet.Find(tenant, device) is { } found && (found.Gateway == gateway || (gateways.TryGet(tenant, gateway, out var entry) && found.Site is { } site && entry.Site.Contains(site)));
}
