using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Billing.Rows;
using Strata.Core.Tenancy;
using Strata.Node.Ingest;

namespace Strata.Cloud.Billing.Sla;

/// <summary>
/// Measures each minute, for every tenant to which something is promised, and writes it after its end. A minute that the node does not see to its end is not written, and so
/// counts as unavailable. Nothing runs while nothing is promised to anybody.
/// </summary>
internal sealed partial class ServiceRecorder(
    BillingStore store, MeasuredTenants measured, ServiceCounters counters, DeliveryCounts deliveries, ServiceProbe probe, BillingOptions options, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<ServiceRecorder> logger)
    : BackgroundService
{
    /// <summary>When a probe that failed is tried once more; within the same minute.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(5);

    /// <summary>Minutes between looks for what is too old.</summary>
    private const int RetentionEvery = 60;

    /// <summary>A minute that could not be written is kept so long: the database may be away for a while.</summary>
    private const int MaxUnwritten = 100_000;

    private readonly Dictionary<TenantId, (long Sent, long Lost)> delivered = [];
    private readonly Queue<ServiceMinuteRow> unwritten = new();
    private readonly SemaphoreSlim recording = new(1, 1);

    /// <summary>Takes the counters of all measured tenants for a minute that is over, and writes it with what waits. Called by tests in place of the clock.</summary>
    internal async Task RecordAsync(DateTimeOffset minute, ProbeResult? result, CancellationToken cancellationToken)
    {
        await recording.WaitAsync(cancellationToken);
        try
        {
            foreach (var tenant in measured.All.Where(t => !Begin(t)))
                Keep(Take(tenant, ServiceMinutes.Number(minute), result));
            while (unwritten.TryPeek(out var row))
            {
                await store.AddMinuteAsync(TenantId.Parse(row.TenantId), row, cancellationToken);
                unwritten.Dequeue();
            }
        }
        finally
        {
            recording.Release();
        }
    }

    public override void Dispose()
    {
        recording.Dispose();
        base.Dispose();
    }

    /// <summary>True for a tenant that was not measured before: what was counted up to now is of no minute.</summary>
    private bool Begin(TenantId tenant)
    {
        if (!delivered.TryAdd(tenant, deliveries.Of(tenant)))
            return false;
        counters.Of(tenant).Take();
        return true;
    }

    private void Keep(ServiceMinuteRow row)
    {
        if (unwritten.Count >= MaxUnwritten)
            unwritten.Dequeue();
        unwritten.Enqueue(row);
    }

    /// <summary>Lets go of what is too old. Called by tests in place of the clock.</summary>
    internal async Task RetainAsync(CancellationToken cancellationToken)
    {
        var before = ServiceMinutes.Number(time.GetUtcNow() - options.KeepMinutes);
        foreach (var tenant in measured.All)
            await store.DropMinutesAsync(tenant, before, cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            foreach (var tenant in measured.All)
                Begin(tenant); // Nothing was counted yet: the minute of the start counts.
            await ListeningAsync(stoppingToken);
            for (var count = 0; ; count++)
            {
                var minute = ServiceMinutes.Floor(time.GetUtcNow());
                ProbeResult? result = measured.All.Count > 0 ? await ProbeAsync(stoppingToken) : null;
                await UntilAsync(minute.AddMinutes(1), stoppingToken);
                await TryAsync(() => RecordAsync(minute, result, stoppingToken));
                if (count % RetentionEvery == 0)
                    await TryAsync(() => RetainAsync(stoppingToken));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return; // The node stops.
        }
    }

    /// <summary>A probe before the node listens would find a node that is away.</summary>
    private async Task ListeningAsync(CancellationToken cancellationToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (lifetime.ApplicationStarted.UnsafeRegister(static s => ((TaskCompletionSource)s!).TrySetResult(), started))
            await started.Task.WaitAsync(cancellationToken);
    }

    private async Task<ProbeResult> ProbeAsync(CancellationToken cancellationToken)
    {
        var first = await probe.RunAsync(cancellationToken);
        if (first is { Ingest: true, Api: true })
            return first;
        await Task.Delay(Again, time, cancellationToken);
        var second = await probe.RunAsync(cancellationToken);
        return new ProbeResult(first.Ingest || second.Ingest, first.IngestMs ?? second.IngestMs, first.Api || second.Api);
    }

    private async Task UntilAsync(DateTimeOffset at, CancellationToken cancellationToken)
    {
        while (at - time.GetUtcNow() is var rest && rest > TimeSpan.Zero)
            await Task.Delay(rest, time, cancellationToken);
    }

    private ServiceMinuteRow Take(TenantId tenant, int minute, ProbeResult? result)
    {
        var tally = counters.Of(tenant).Take();
        var (sent, lost) = deliveries.Of(tenant);
        var before = delivered.GetValueOrDefault(tenant);
        delivered[tenant] = (sent, lost);
        var (handedOn, missed) = (Math.Max(0, sent - before.Sent), Math.Max(0, lost - before.Lost));
        var milliseconds = tally.P95Ms is { } p95 ? (decimal)p95 : result?.IngestMs;
        return new ServiceMinuteRow
        {
            TenantId = tenant.Value, Minute = minute, ProbeIngest = result?.Ingest, ProbeApi = result?.Api, IngestAcknowledged = tally.Acknowledged, IngestFailed = tally.Failed,
            IngestP95Micros = milliseconds is { } ms ? (long)(ms * 1_000m) : null, ApiCalls = tally.ApiCalls, ApiFailed = tally.ApiFailed, Owed = handedOn + missed, Delivered = handedOn,
        };
    }

    private async Task TryAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
#pragma warning disable CA1031 // What was not written waits for the next minute; the node goes on.
        catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogNotWritten(failure);
        }
    }

    [LoggerMessage(5312, LogLevel.Error, "Measured minutes could not be written; they wait for the next one.")]
    private partial void LogNotWritten(Exception failure);
}
