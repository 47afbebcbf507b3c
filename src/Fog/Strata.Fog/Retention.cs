using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Fog.Configuration;
using Strata.Fog.Uplink;
using Strata.Telemetry;

namespace Strata.Fog;

/// <summary>Keeps a tenant's local store within its days and bytes. Waits while committed readings are not in the uplink's log yet: nothing goes untold.</summary>
internal sealed partial class Retention(
    RoutedTelemetryStore stores, SiteConfiguration site, UplinkProjector projector, RetentionPolicy policy, TimeProvider time, ILogger<Retention> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                if (!projector.IsHeldBack && projector.Failure is null)
                    await RetainAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task RetainAsync(CancellationToken cancellationToken)
    {
        try
        {
            var dropped = await stores.StoreOf(site.View.Tenant).RetainAsync(policy, cancellationToken);
            if (dropped > 0)
                LogDropped(dropped);
        }
        catch (TelemetryStoreException e)
        {
            LogFailed(e.Message);
        }
    }

    [LoggerMessage(6501, LogLevel.Information, "{Rows} rows beyond the retention were dropped from the local store.")]
    private partial void LogDropped(long rows);

    [LoggerMessage(6502, LogLevel.Warning, "The retention could not run and is tried again: {Reason}")]
    private partial void LogFailed(string reason);
}
