using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Operations;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Devices;

/// <summary>Where parts of a node put what happened in the fleet. Quick, never waits, never throws.</summary>
public interface IFleetEvents
{
    void Raise(TenantId tenant, FleetEvent happened);

    void Raise(TenantId tenant, string kind, DeviceId? device, GatewayId? gateway, string detail, DateTimeOffset at) =>
        Raise(tenant, new FleetEvent(EventTime.From(at), kind, device, gateway, detail));
}

/// <summary>
/// Writes events through the <see cref="IngestWriter"/>, several in one write. While the store cannot commit they wait; of more than
/// <see cref="FleetEventOptions.MaxWaiting"/> the oldest are dropped, counted and logged.
/// </summary>
public sealed partial class FleetEventWriter(IngestWriter writer, IOptions<FleetEventOptions> options, TimeProvider time, ILogger<FleetEventWriter> logger)
    : BackgroundService, IFleetEvents, IUnwritten
{
    private const int MaxPerWrite = 2_000;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LogEvery = TimeSpan.FromMinutes(1);

    private readonly int mostWaiting = options.Value.MaxWaiting;
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly Lock gate = new();
    private readonly Queue<(TenantId Tenant, FleetEvent Event)> waiting = new();
    private readonly Channel<bool> wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });
    private long dropped;
    private long droppedLogged;
    private long? loggedAt;

    /// <summary>Events dropped because the store could not commit for too long.</summary>
    public long Dropped => Volatile.Read(ref dropped);

    public void Raise(TenantId tenant, FleetEvent happened)
    {
        lock (gate)
        {
            if (waiting.Count == mostWaiting)
            {
                waiting.Dequeue();
                Interlocked.Increment(ref dropped);
            }
            waiting.Enqueue((tenant, happened));
        }
        wake.Writer.TryWrite(true);
    }

    /// <summary>Writes what was raised before, or, when the store refuses, leaves it waiting.</summary>
    public async Task WriteUnwrittenAsync(CancellationToken cancellationToken)
    {
        while (await WriteSomeAsync(cancellationToken) is true)
        {
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        turn.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await wake.Reader.WaitToReadAsync(stoppingToken))
            {
                wake.Reader.TryRead(out _);
                await DrainAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await WriteSomeAsync(CancellationToken.None);
        }
    }

    private async Task DrainAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            LogLosses();
            switch (await WriteSomeAsync(stoppingToken))
            {
                case null:
                    return;
                case false:
                    await Task.Delay(RetryDelay, time, stoppingToken);
                    break;
            }
        }
    }

    /// <summary>Null when nothing waits, false when the store refused; what it refused goes on waiting.</summary>
    private async Task<bool?> WriteSomeAsync(CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            return await WriteTakenAsync(cancellationToken);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<bool?> WriteTakenAsync(CancellationToken cancellationToken)
    {
        List<(TenantId Tenant, FleetEvent Event)> some = [];
        lock (gate)
        {
            while (some.Count < MaxPerWrite && waiting.TryPeek(out var next) && (some.Count == 0 || next.Tenant == some[0].Tenant))
                some.Add(waiting.Dequeue());
        }
        if (some.Count == 0)
            return null;
        try
        {
            await writer.CommitAsync(
                new TelemetryWrite { Tenant = some[0].Tenant, Events = [.. some.Select(e => new Stamped<FleetEvent>(e.Event, null))] }, cancellationToken);
            return true;
        }
        catch (Exception failure) when (failure is TelemetryStoreException or OperationCanceledException)
        {
            LogWaiting(some.Count, failure.Message);
            Return(some);
            return false;
        }
    }

    private void Return(List<(TenantId Tenant, FleetEvent Event)> some)
    {
        lock (gate)
        {
            var later = waiting.ToArray();
            waiting.Clear();
            foreach (var item in some.Concat(later).TakeLast(mostWaiting))
                waiting.Enqueue(item);
            Interlocked.Add(ref dropped, some.Count + later.Length - waiting.Count);
        }
    }

    private void LogLosses()
    {
        if (Dropped == droppedLogged || (loggedAt is { } at && time.GetElapsedTime(at) < LogEvery))
            return;
        loggedAt = time.GetTimestamp();
        LogDropped(Dropped - droppedLogged, mostWaiting);
        droppedLogged = Dropped;
    }

    [LoggerMessage(4003, LogLevel.Warning, "{Count} events of the fleet were dropped: more than {Limit} waited for the telemetry store.")]
    private partial void LogDropped(long count, int limit);

    [LoggerMessage(4002, LogLevel.Warning, "{Count} events wait because the store could not take them: {Reason}")]
    private partial void LogWaiting(int count, string reason);
}
