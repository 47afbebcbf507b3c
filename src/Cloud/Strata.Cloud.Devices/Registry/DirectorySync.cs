using Strata.Cloud.Devices.Rows;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Uplink;

namespace Strata.Cloud.Devices.Registry;

/// <summary>Keeps the node's directories, by which connections are let in, in step with the registry: filled at the start, then after each commit.</summary>
internal sealed class DirectorySync
{
    private readonly DeviceDirectory devices;
    private readonly GatewayDirectory gateways;
    private readonly GatewayStatusBoard statuses;

    public DirectorySync(RegistryStore registry, DeviceDirectory devices, GatewayDirectory gateways, GatewayStatusBoard statuses)
    {
        (this.devices, this.gateways, this.statuses) = (devices, gateways, statuses);
        registry.Published += Follow;
        registry.Reloaded += tenant => Fill(tenant, registry.Image(tenant));
    }

    public void Fill(TenantId tenant, RegistryImage image)
    {
        devices.ReplaceAll(tenant, [.. image.Devices.Values.Select(Entry)]);
        foreach (var gateway in image.Gateways.Values)
            gateways.Set(Entry(gateway));
    }

    private void Follow(RegistryCommit commit)
    {
        foreach (var (id, (_, after)) in commit.Change.Gateways)
        {
            if (after is not null)
            {
                gateways.Set(Entry(after));
                continue;
            }
            gateways.Remove(commit.Tenant, GatewayId.Parse(id));
            statuses.Remove(commit.Tenant, GatewayId.Parse(id));
        }
        foreach (var (_, (_, after)) in commit.Change.Devices)
            devices.Set(Entry(after!));
    }

    /// <summary>A decommissioned device stays known, so that its refusal says why.</summary>
    private static DeviceEntry Entry(DeviceRow row) => new(
        TenantId.Parse(row.TenantId), DeviceId.Parse(row.Id), row.SecretHash, row.Site is null ? null : SiteId.Parse(row.Site), row.Heartbeat,
        DeviceLifecycle.MayConnect(row.State)) { Model = row.Model ?? "", Rights = DeviceLifecycle.Rights(row.State) };

    private static GatewayEntry Entry(GatewayRow row) => new(
        TenantId.Parse(row.TenantId), GatewayId.Parse(row.Id), row.SecretHash, SiteId.Parse(row.Site), row.Parent is null ? null : GatewayId.Parse(row.Parent),
        row.SecretHash is not null);
}
