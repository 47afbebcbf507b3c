using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Fog.Configuration;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Fog.Status;

/// <summary>Reads the site's newest values into memory once, beside the start, so that a gateway answers for them without touching its disk.</summary>
internal sealed partial class LatestWarmUp(LatestValues latest, SiteConfiguration site, ILogger<LatestWarmUp> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        try
        {
            await latest.WarmAsync(site.View.Tenant, stoppingToken);
        }
        catch (TelemetryStoreException failure)
        {
            LogNotRead(failure.Message);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The gateway stops; what was not read is read by the next start.
        }
    }

    [LoggerMessage(6402, LogLevel.Warning, "The newest values could not be read ahead ({Reason}); each device's are read when they are first asked for.")]
    private partial void LogNotRead(string reason);
}
