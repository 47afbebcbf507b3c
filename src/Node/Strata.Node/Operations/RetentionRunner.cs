using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Telemetry;

namespace Strata.Node.Operations;

/// <summary>Lets go of what is older, or more, than the policy allows: shortly after the start, then every ten minutes.</summary>
public sealed partial class RetentionRunner(ITelemetryStore store, RetentionPolicy policy, TimeProvider time, ILogger<RetentionRunner> logger) : BackgroundService
{
    public static readonly TimeSpan FirstAfter = TimeSpan.FromMinutes(1);

    public static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Task.Delay(FirstAfter, time, stoppingToken);
            using var timer = new PeriodicTimer(Every, time);
            do
                await RetainAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return; // The node stops.
        }
    }

    private async Task RetainAsync(CancellationToken cancellationToken)
    {
        try
        {
            await store.RetainAsync(policy, cancellationToken);
        }
        catch (TelemetryStoreException e)
        {
            LogFailed(logger, e);
        }
    }

    [LoggerMessage(5101, LogLevel.Error, "Old data could not be dropped; it is tried again in ten minutes")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
