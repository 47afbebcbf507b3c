using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Shadows.Store;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Shadows;

/// <summary>Lets go of changes that are too old, and of shadows of devices that are decommissioned: whoever gets the name begins anew.</summary>
internal sealed partial class ShadowUpkeep(ShadowStore store, ShadowTables tables, IFleet fleet, ShadowOptions options, TimeProvider time, ILogger<ShadowUpkeep> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        fleet.Moved += OnMoved;
        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        fleet.Moved -= OnMoved;
        await base.StopAsync(cancellationToken);
    }

    /// <summary>One round over all tenants.</summary>
    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow().Subtract(options.KeepChangesFor).ToUnixTimeMilliseconds();
        foreach (var tenant in await tables.TenantsAsync("old changes of shadows are let go", cancellationToken))
        {
            await tables.DropAsync(tenant, before, cancellationToken);
            // A tenant that is just coming from elsewhere has shadows before its devices are known.
            if (!fleet.Tenants.Contains(tenant))
                continue;
            // Where the node ended between a device's last step and this.
            foreach (var name in await tables.DevicesAsync(tenant, cancellationToken))
                if (DeviceId.TryParse(name, out var device) && fleet.Find(tenant, device) is null or { State: DeviceState.Decommissioned })
                    await PurgeAsync(tenant, device);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
#pragma warning disable CA1031 // The next round does what this one could not.
            try
            {
                await RunOnceAsync(stoppingToken);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                LogFault(fault);
            }
#pragma warning restore CA1031
        }
    }

    private void OnMoved(TenantId tenant, DeviceId device, DeviceTransition step)
    {
        if (step.To == DeviceState.Decommissioned)
            _ = PurgeAsync(tenant, device);
    }

    private Task<ShadowResult> PurgeAsync(TenantId tenant, DeviceId device) => store.RunAsync(new ShadowWork(new ShadowKey(tenant, device, ""), ShadowVerb.Purge), CancellationToken.None);

    [LoggerMessage(7020, LogLevel.Error, "Old changes of shadows could not be let go; it is tried again in an hour.")]
    private partial void LogFault(Exception fault);
}
