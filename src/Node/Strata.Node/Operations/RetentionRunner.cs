using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Node.Metering;
using Strata.Telemetry;

namespace Strata.Node.Operations;

/// <summary>Lets go of what is older, or more, than the policy and the tenants' quotas allow: shortly after the start, then every ten minutes.</summary>
public sealed partial class RetentionRunner(ITelemetryStore store, RetentionPolicy policy, Meter meter, TimeProvider time, ILogger<RetentionRunner> logger) : BackgroundService
{
    public static readonly TimeSpan FirstAfter = TimeSpan.FromMinutes(1);

    public static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    /// <summary>The installation's, with what the tenants' quotas shorten.</summary>
    internal RetentionPolicy PolicyNow => policy with
    {
        RawOf = meter.All.Where(m => m.Quotas.RetentionDays is not null).ToDictionary(m => m.Tenant, m => TimeSpan.FromDays(m.Quotas.RetentionDays!.Value)),
    };

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
            await store.RetainAsync(PolicyNow, cancellationToken);
        }
        catch (TelemetryStoreException e)
        {
            LogFailed(logger, e);
        }
    }

    [LoggerMessage(5160, LogLevel.Error, "Old data could not be dropped; it is tried again in ten minutes")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
