using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Strata.Node.Devices;

/// <summary>Hands the log's changes to its sink every five seconds and at the stop.</summary>
public sealed partial class RejectionFlusher(RejectionLog log, IRejectionSink sink, TimeProvider time, ILogger<RejectionFlusher> logger) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await FlushAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await FlushAsync(CancellationToken.None);
        }
    }

    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        try
        {
            await log.FlushAsync(sink, cancellationToken);
        }
#pragma warning disable CA1031 // The sink may be any store; the changes stay in the log and are offered again.
        catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogFlushFailed(failure);
        }
    }

    [LoggerMessage(4060, LogLevel.Error, "The rejections could not be written; they stay in memory and are offered again.")]
    private partial void LogFlushFailed(Exception failure);
}
