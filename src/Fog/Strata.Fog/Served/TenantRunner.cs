using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Fog.Configuration;
using Strata.Node.Metering;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Fog.Served;

/// <summary>
/// Starts the uplink of the gateway's own tenant with the node, and beside it takes in the guests, each as soon as its cloud lets it: one that waits or is refused holds nobody back.
/// </summary>
internal sealed partial class TenantRunner(
    FogOptions options, FogFolder folder, FogAddresses addresses, ServedTenants served, ServedTenantFactory factory, RoutedTelemetryStore stores, IngestWriter writer, Meter meter, TimeProvider time,
    ILogger<TenantRunner> logger) : BackgroundService
{
    private readonly ConcurrentDictionary<string, string> problems = new();

    /// <summary>Why a guest is not served; empty when nothing is known yet.</summary>
    public string ProblemOf(FogGuest guest) => problems.GetValueOrDefault(guest.Name, "");

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        var own = served.Own;
        meter.SetQuotas(own.Site.View.Tenant, CapacityShare.OwnOf(options).Quotas);
        await own.StartAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        foreach (var tenant in served.All.Reverse())
            await tenant.StopAsync(cancellationToken);
    }

    /// <summary>Ends with the failure of a part of a tenant, which ends the node as any part's failure does.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        try
        {
            await foreach (var ended in Task.WhenEach([served.Own.Failed.WaitAsync(stoppingToken), .. options.Guests.Select(g => ServeAsync(g, stoppingToken))]))
                await ended;
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task ServeAsync(FogGuest guest, CancellationToken cancellationToken)
    {
        try
        {
            var kept = folder.Guest(guest.Name);
            var joining = new Joining(
                options, new JoinWish(guest.JoinToken, guest.Site, guest.Id), kept, time, $"The guest {guest.Name} has not joined yet; give its site=PATH and join-token=TOKEN",
                problem => LogWaits(guest.Name, options.Cloud, problems[guest.Name] = problem));
            var identity = await joining.FindAsync(addresses.Mqtt, addresses.Http, cancellationToken);
            if (identity.Owner is not { } tenant)
                throw new FogConfigurationException("The cloud does not say whose gateway it is; it is too old to have tenants.");
            if (served.Of(tenant) is { } same)
                throw new FogConfigurationException($"It joined the tenant {tenant}, whom this gateway serves already{(same.Name.Length > 0 ? $" as {same.Name}" : "")}; one tenant has one share. Delete {kept.Identity} and join with the token of another tenant.");
            await stores.PlaceAsync(tenant, kept.Store, cancellationToken);
            await writer.SeparateAsync(tenant, cancellationToken);
            var share = CapacityShare.Of(options, guest.Share);
            meter.SetQuotas(tenant, share.Quotas);
            var started = factory.Create(guest.Name, identity, kept, share);
            started.Load();
            served.Add(started);
            await started.StartAsync(cancellationToken);
            problems.TryRemove(guest.Name, out _);
            LogServes(guest.Name, tenant, identity.Id, guest.Share);
            await started.Failed.WaitAsync(cancellationToken);
        }
        catch (Exception e) when (e is FogConfigurationException or InvalidDataException or TelemetryStoreException or IOException or UnauthorizedAccessException)
        {
            problems[guest.Name] = e.Message;
            LogNotServed(guest.Name, e.Message);
        }
    }

    [LoggerMessage(6601, LogLevel.Warning, "The guest {Guest} cannot join at {Cloud} yet ({Problem}); trying again.")]
    private partial void LogWaits(string guest, Uri cloud, string problem);

    [LoggerMessage(6602, LogLevel.Information, "The guest {Guest} is served: tenant {Tenant}, gateway {Gateway}, {Share} % of the capacity.")]
    private partial void LogServes(string guest, Core.Tenancy.TenantId tenant, string gateway, double share);

    [LoggerMessage(6603, LogLevel.Error, "The guest {Guest} is not served until the gateway starts anew: {Problem}")]
    private partial void LogNotServed(string guest, string problem);
}
