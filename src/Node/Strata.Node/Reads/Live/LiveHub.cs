using System.Collections.Immutable;
using Microsoft.Extensions.Options;
using Strata.Cloud.Contracts;
using Strata.Core.Dataflow;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Reads.Live;

/// <summary>
/// Passes what was committed to the clients of the live feed. Called on the writer's loop: without clients it costs one comparison a commit, with clients
/// one look at each reading per client, and it never waits for any of them.
/// </summary>
public sealed class LiveHub : ICommitObserver, IDisposable
{
    private readonly DeviceDirectory directory;
    private readonly ShareDirectory shares;
    private readonly ITokenStore tokens;
    private readonly TenantDirectory tenants;
    private readonly IOptions<LiveOptions> options;
    private ImmutableArray<LiveSubscription> subscriptions = [];

    public LiveHub(DeviceDirectory directory, ShareDirectory shares, ITokenStore tokens, TenantDirectory tenants, IOptions<LiveOptions> options)
    {
        (this.directory, this.shares, this.tokens, this.tenants, this.options) = (directory, shares, tokens, tenants, options);
        tokens.Ended += OnEnded;
        tenants.Changed += OnTenantChanged;
    }

    /// <summary>Clients now.</summary>
    public int Clients => subscriptions.Length;

    public void OnCommitted(IReadOnlyList<TelemetryWrite> writes, CommitReport report)
    {
        var clients = subscriptions;
        if (clients.IsEmpty)
            return;
        foreach (var write in writes)
        {
            if (write.Readings is { } batch)
                Readings(clients, write, batch);
            foreach (var window in write.Windows)
            {
                if (!report.IsRepeated(window.Record))
                    Window(clients, write, window.Record);
            }
            foreach (var fleetEvent in write.Events)
            {
                if (!report.IsRepeated(fleetEvent.Record))
                    Event(clients, write, fleetEvent.Record);
            }
        }
    }

    /// <summary>Starts a subscription; null when there are as many clients as allowed.</summary>
    internal LiveSubscription? Subscribe(LiveFilter filter)
    {
        var subscription = new LiveSubscription(filter, options.Value.MaxWaiting, Remove);
        var added = ImmutableInterlocked.Update(
            ref subscriptions, (all, s) => all.Length < options.Value.MaxClients ? all.Add(s) : all, subscription);
        if (!added)
            return null;
        // Ended between the request's authentication and now: the end did not see the stream yet.
        if (filter.Access.Principal is { Kind: PrincipalKind.Token, Id: var id } && tokens.FindById(id) is null)
            subscription.Complete();
        return subscription;
    }

    public void Dispose()
    {
        tokens.Ended -= OnEnded;
        tenants.Changed -= OnTenantChanged;
    }

    /// <summary>A token has ended: so do the streams that were opened with it.</summary>
    private void OnEnded(Principal principal) => End(s => s.Filter.Access.Principal is { } owner && owner.Kind == principal.Kind && owner.Id == principal.Id);

    private void OnTenantChanged(TenantId tenant)
    {
        if (!tenants.IsActive(tenant))
            End(s => s.Filter.Tenant == tenant && !s.Filter.Access.Principal.IsPlatformOwner);
    }

    private void End(Func<LiveSubscription, bool> which)
    {
        foreach (var subscription in subscriptions.Where(which))
            subscription.Complete();
    }

    private void Remove(LiveSubscription subscription) => ImmutableInterlocked.Update(ref subscriptions, (all, s) => all.Remove(s), subscription);

    private void Readings(ImmutableArray<LiveSubscription> clients, TelemetryWrite write, ReadingBatch batch)
    {
        foreach (var message in batch.Messages)
        {
            if (message.Outcome != MessageOutcome.Stored)
                continue;
            for (var row = message.Start; row < message.Start + message.Count; row++)
            {
                LiveItem? item = null;
                foreach (var client in clients)
                {
                    if (client.Filter.Tenant == write.Tenant && client.Filter.Wants(batch.Devices[row], batch.Metrics[row], directory) && MaySend(client))
                        client.Offer(item ??= new LiveItem("reading", ReadingsJson.Info(batch[row]), null, null));
                }
            }
        }
    }

    /// <summary>What the quota of a share does not allow is left out like what a slow client misses.</summary>
    private bool MaySend(LiveSubscription client)
    {
        if (client.Filter.Access.Principal.Share is not { } share)
            return true;
        if (shares.Find(client.Filter.Tenant, share.Name)?.TrySend(1) != false)
            return true;
        client.LeaveOut();
        return false;
    }

    private static void Window(ImmutableArray<LiveSubscription> clients, TelemetryWrite write, WindowRecord window)
    {
        LiveItem? item = null;
        foreach (var client in clients)
        {
            if (client.Filter.Tenant == write.Tenant && client.Filter.Wants(window))
                client.Offer(item ??= new LiveItem("window", null, ReadingsJson.Info(window), null));
        }
    }

    private void Event(ImmutableArray<LiveSubscription> clients, TelemetryWrite write, FleetEvent fleetEvent)
    {
        LiveItem? item = null;
        foreach (var client in clients)
        {
            if (client.Filter.Tenant == write.Tenant && client.Filter.Wants(fleetEvent, directory))
                client.Offer(item ??= new LiveItem("event", null, null, ReadingsJson.Info(fleetEvent)));
        }
    }
}
