using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices.Registry;

/// <summary>Removes the oldest steps of devices that have more than are kept; once a minute, of devices that moved since.</summary>
internal sealed partial class TransitionTrim : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<(TenantId Tenant, string Device), int> full = new();
    private readonly RegistryStore registry;
    private readonly DevicesOptions options;
    private readonly TimeProvider time;
    private readonly ILogger<TransitionTrim> logger;

    public TransitionTrim(RegistryStore registry, DevicesOptions options, TimeProvider time, ILogger<TransitionTrim> logger)
    {
        (this.registry, this.options, this.time, this.logger) = (registry, options, time, logger);
        registry.Published += Follow;
    }

    /// <summary>Removes what is too much now. Also called by tests in place of the clock.</summary>
    internal async Task TrimAsync(CancellationToken cancellationToken)
    {
        foreach (var devices in full.ToArray().GroupBy(d => d.Key.Tenant))
        {
            await registry.WriteAsync(devices.Key, async context =>
            {
                foreach (var ((_, device), last) in devices)
                    await context.Transitions.Where(t => t.Device == device && t.Number <= last - options.TransitionsKept).ExecuteDeleteAsync(cancellationToken);
            }, cancellationToken);
            foreach (var device in devices)
                full.TryRemove(device);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await TryTrimAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is too much is removed when the device moves the next time.
        }
    }

    private async Task TryTrimAsync(CancellationToken stoppingToken)
    {
        try
        {
            await TrimAsync(stoppingToken);
        }
#pragma warning disable CA1031 // What was not removed stays noted and is removed the next time.
        catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogNotTrimmed(failure);
        }
    }

    private void Follow(RegistryCommit commit)
    {
        foreach (var step in commit.Change.Transitions.Where(t => t.Number > options.TransitionsKept))
            full[(commit.Tenant, step.Device)] = step.Number;
    }

    [LoggerMessage(5012, LogLevel.Error, "Old steps of devices' lives could not be removed; it is tried again.")]
    private partial void LogNotTrimmed(Exception failure);
}
