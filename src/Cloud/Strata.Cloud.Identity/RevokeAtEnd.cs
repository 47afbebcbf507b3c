using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Devices;
using Strata.Core.Identity;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Identity;

/// <summary>
/// Whatever takes a device out of service, its certificates go with it: its name is free for another one, which must not be taken for it. What an end of the node left undone is done before it
/// listens again.
/// </summary>
internal sealed partial class RevokeAtEnd(IFleet fleet, IdentityStore store, DeviceIdentities identities, TimeProvider time, ILogger<RevokeAtEnd> logger) : BackgroundService
{
    private const int AskedAtOnce = 500;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>Whose certificates are to go, and until when they were issued: at most one mark a device.</summary>
    private readonly ConcurrentDictionary<(TenantId Tenant, DeviceId Device), DateTimeOffset> marked = new();
    private readonly SemaphoreSlim signal = new(0, 1);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        fleet.Moved += OnMoved;
        foreach (var tenant in fleet.Tenants)
            await MarkLeftAsync(tenant, cancellationToken);
        await RevokeMarkedAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    public override Task StopAsync(CancellationToken cancellationToken)
    {
        fleet.Moved -= OnMoved;
        return base.StopAsync(cancellationToken);
    }

    public override void Dispose()
    {
        signal.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            if (marked.IsEmpty)
                await signal.WaitAsync(stoppingToken);
            if (!await RevokeMarkedAsync(stoppingToken))
                await Task.Delay(RetryAfter, time, stoppingToken);
        }
    }

    private void OnMoved(TenantId tenant, DeviceId device, DeviceTransition step)
    {
        if (step.To != DeviceState.Decommissioned)
            return;
        marked[(tenant, device)] = step.Time;
        if (signal.CurrentCount == 0)
        {
            try
            {
                signal.Release();
            }
            catch (SemaphoreFullException)
            {
                return; // Another one has just said so.
            }
        }
    }

    private async Task MarkLeftAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        foreach (var gone in fleet.Devices(tenant).Where(d => d.State == DeviceState.Decommissioned).Chunk(AskedAtOnce))
        {
            var names = gone.Select(d => d.Id.Value).ToList();
            await using var tables = store.Create(tenant);
            var left = await tables.Certificates.Where(c => names.Contains(c.Device) && c.NotAfter > now && c.Standing != nameof(CertificateStanding.Revoked)).Select(c => c.Device).Distinct().ToListAsync(cancellationToken);
            foreach (var device in gone.Where(d => left.Contains(d.Id.Value)))
                marked[(tenant, device.Id)] = device.StateSince;
        }
    }

    /// <returns>False: some could not be revoked, and are tried again.</returns>
    private async Task<bool> RevokeMarkedAsync(CancellationToken cancellationToken)
    {
        foreach (var ((tenant, device), until) in marked)
        {
#pragma warning disable CA1031 // Whatever fails, it is tried again: the certificates must go.
            try
            {
                var revoked = await identities.RevokeAsync(Caller.Node(tenant), device, "the device was decommissioned", until, cancellationToken);
                if (!revoked.IsOk)
                    return false;
                marked.TryRemove(KeyValuePair.Create((tenant, device), until));
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                LogFailed(device, failure);
                return false;
            }
#pragma warning restore CA1031
        }
        return true;
    }

    [LoggerMessage(5251, LogLevel.Error, "The certificates of {Device}, which is out of service, could not be revoked; it is tried again.")]
    private partial void LogFailed(DeviceId device, Exception failure);
}
