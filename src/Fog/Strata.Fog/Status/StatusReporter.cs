using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;
using Strata.Fog.Link;
using Strata.Telemetry;

namespace Strata.Fog.Status;

/// <summary>Tells the parent how the gateway is: at most once a second while something changes, every ten seconds at least, and at the stop.</summary>
internal sealed partial class StatusReporter(FogBooks books, ParentClient parent, TimeProvider time, ILogger<StatusReporter> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AtLeastEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastDeadline = TimeSpan.FromMilliseconds(800);

    private GatewayStatus? told;
    private long toldAt;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await ReportAsync(LastDeadline, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            LogNotTold("the node's time to stop is over"); // The parent hears it at the next start.
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await ReportAsync(Deadline, stoppingToken);
                await Task.Delay(Interval, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task ReportAsync(TimeSpan within, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(within, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            var status = await books.ReadAsync(either.Token);
            if (told is not null && Same(status, told) && time.GetElapsedTime(toldAt) < AtLeastEvery)
                return;
            using var answer = await parent.PostStatusAsync(status, either.Token);
            if (answer.IsSuccessStatusCode)
                (told, toldAt) = (status, time.GetTimestamp());
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TelemetryStoreException)
        {
            LogNotTold(e.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotTold($"no answer within {within.TotalSeconds:0.#} s");
        }
    }

    private static bool Same(GatewayStatus a, GatewayStatus b) =>
        a.Books with { At = default } == b.Books with { At = default } && a.Immediate == b.Immediate && a.BacklogSince == b.BacklogSince
        && a.Below.Select(x => x with { At = default }).SequenceEqual(b.Below.Select(x => x with { At = default }));

    [LoggerMessage(6401, LogLevel.Debug, "The parent was not told the status: {Reason}")]
    private partial void LogNotTold(string reason);
}
