using System.Collections.Immutable;
using Strata.Cloud.Contracts;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Link;
using Strata.Node.Reads;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Fog.Served;

/// <summary>The tenants that are served now, the gateway's own first, and where the node's questions about one of them go. Safe from any thread.</summary>
internal sealed class ServedTenants : IGatewayConfigurationSource, IFleetRoutes, IRejectionSink, IDownward, ICommitObserver, IAsyncDisposable
{
    private ImmutableArray<ServedTenant> all = [];

    /// <inheritdoc />
    public event Action<TenantId, GatewayId>? Changed;

    /// <inheritdoc />
    public event Action<TenantId, GatewayId>? Added;

    /// <summary>The gateway's own; there from before the node serves.</summary>
    public ServedTenant Own => all[0];

    public ImmutableArray<ServedTenant> All => all;

    public void Add(ServedTenant tenant)
    {
        tenant.Inbox.Added += below => Added?.Invoke(tenant.Site.View.Tenant, below);
        tenant.Below.Changed += (of, gateway) => Changed?.Invoke(of, gateway);
        ImmutableInterlocked.Update(ref all, (known, one) => known.Add(one), tenant);
    }

    /// <summary>Null when the tenant is not served here.</summary>
    public ServedTenant? Of(TenantId tenant)
    {
        foreach (var served in all)
        {
            if (served.Site.View.Tenant == tenant)
                return served;
        }
        return null;
    }

    /// <summary>By what the operator calls it, empty for the gateway's own; null when it is not served (yet).</summary>
    public ServedTenant? Named(string name)
    {
        foreach (var served in all)
        {
            if (served.Name == name)
                return served;
        }
        return null;
    }

    public void OnCommitted(IReadOnlyList<TelemetryWrite> writes, CommitReport report)
    {
        foreach (var served in all)
        {
            var tenant = served.Site.View.Tenant;
            for (var i = 0; i < writes.Count; i++)
            {
                if (writes[i].Tenant != tenant)
                    continue;
                served.Watch.OnCommitted(report);
                break;
            }
        }
    }

    public ValueTask<GatewayConfiguration?> CurrentAsync(GatewayEntry gateway, CancellationToken cancellationToken) =>
        Of(gateway.Tenant)?.Below.CurrentAsync(gateway) ?? ValueTask.FromResult<GatewayConfiguration?>(null);

    public ValueTask<GatewayChange?> ChangeSinceAsync(GatewayEntry gateway, long version, CancellationToken cancellationToken) =>
        Of(gateway.Tenant)?.Below.ChangeSinceAsync(gateway, version) ?? ValueTask.FromResult<GatewayChange?>(null);

    public IReadOnlyList<DownwardMessage> WaitingFor(TenantId tenant, GatewayId gateway) => Of(tenant)?.Inbox.For(gateway.Value) ?? [];

    public Task TakenAsync(GatewayEntry gateway, string id, CancellationToken cancellationToken)
    {
        Of(gateway.Tenant)?.Inbox.Remove(gateway.Gateway.Value, id);
        return Task.CompletedTask;
    }

    public GatewayRoute? RouteTo(TenantId tenant, DeviceId device) => Of(tenant)?.Below.RouteTo(device);

    public IReadOnlyList<SiteId>? SitesOfGroup(TenantId tenant, string group) => Of(tenant)?.Below.SitesOfGroup(group);

    /// <summary>Each tenant's parent hears of its own.</summary>
    public ValueTask WriteAsync(IReadOnlyList<RejectionChange> changes, CancellationToken cancellationToken) =>
        Of(changes[0].Entry.Tenant)?.Rejections.WriteAsync(changes, cancellationToken) ?? ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var served in all)
            await served.DisposeAsync();
    }
}
