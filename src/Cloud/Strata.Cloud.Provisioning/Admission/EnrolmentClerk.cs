using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Provisioning.Admission;

/// <summary>A device that leaves for good takes with it what it proved itself by: whoever bears its name later is another device. At the start, what a crash left is caught up on.</summary>
internal sealed partial class EnrolmentClerk(ProvisioningStore store, IFleet fleet, TopicRuleBook rules, ILogger<EnrolmentClerk> logger) : BackgroundService
{
    /// <summary>More than this leave faster than they are written down only by a fault; the next start catches up.</summary>
    private readonly Channel<(TenantId Tenant, DeviceId Device)> gone = Channel.CreateBounded<(TenantId, DeviceId)>(new BoundedChannelOptions(100_000) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        fleet.Moved += OnMoved;
        return base.StartAsync(cancellationToken);
    }

    public override Task StopAsync(CancellationToken cancellationToken)
    {
        fleet.Moved -= OnMoved;
        return base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (var tenant in fleet.Tenants)
            await ForgetAsync(tenant, [.. fleet.Devices(tenant).Where(d => d.State is DeviceState.Decommissioned).Select(d => d.Id.Value)]);
        while (await gone.Reader.WaitToReadAsync(stoppingToken))
        {
            var left = new List<(TenantId Tenant, DeviceId Device)>();
            while (left.Count < 1_000 && gone.Reader.TryRead(out var next))
                left.Add(next);
            foreach (var tenant in left.GroupBy(g => g.Tenant, g => g.Device.Value))
                await ForgetAsync(tenant.Key, [.. tenant]);
        }
    }

    private async Task ForgetAsync(TenantId tenant, IReadOnlyList<string> devices)
    {
        try
        {
            foreach (var some in devices.Chunk(1_000))
                await store.ForgetDevicesAsync(tenant, some);
        }
#pragma warning disable CA1031 // The database may be away; the next start catches up.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            LogFailed(tenant.Value, fault);
        }
    }

    private void OnMoved(TenantId tenant, DeviceId device, DeviceTransition step)
    {
        if (step.To is not DeviceState.Decommissioned)
            return;
        rules.Set(tenant, device, null);
        gone.Writer.TryWrite((tenant, device));
    }

    [LoggerMessage(5303, LogLevel.Error, "Enrolments of devices of {Tenant} that are gone could not be forgotten; the next start does it.")]
    private partial void LogFailed(string tenant, Exception fault);
}
