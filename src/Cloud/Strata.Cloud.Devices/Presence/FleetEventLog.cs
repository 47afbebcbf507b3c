using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Cloud.Devices.Presence;

/// <summary>
/// Hands the registry's events (moves, states, links) to the telemetry store. Adding never waits; while the store cannot commit, events wait, and beyond
/// <see cref="DevicesOptions.MaxWaitingEvents"/> new ones are dropped and counted in the log.
/// </summary>
internal sealed partial class FleetEventLog(IngestWriter writer, DevicesOptions options, TimeProvider time, ILogger<FleetEventLog> logger) : BackgroundService
{
    private const int MaxPerWrite = 500;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly Channel<(TenantId Tenant, FleetEvent Event)> waiting =
        Channel.CreateBounded<(TenantId, FleetEvent)>(new BoundedChannelOptions(options.MaxWaitingEvents) { SingleReader = true });

    private long dropped;

    public void Add(TenantId tenant, string kind, DeviceId? device, GatewayId? gateway, string detail) =>
        Add(tenant, kind, device, gateway, detail, time.GetUtcNow());

    public void Add(TenantId tenant, string kind, DeviceId? device, GatewayId? gateway, string detail, DateTimeOffset at)
    {
        if (!waiting.Writer.TryWrite((tenant, new FleetEvent(EventTime.From(at), kind, device, gateway, detail))))
            Interlocked.Increment(ref dropped);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var batch = new List<(TenantId Tenant, FleetEvent Event)>();
        try
        {
            while (await waiting.Reader.WaitToReadAsync(stoppingToken))
            {
                while (batch.Count < MaxPerWrite && waiting.Reader.TryRead(out var item))
                    batch.Add(item);
                foreach (var events in batch.GroupBy(b => b.Tenant))
                    await CommitAsync(events.Key, [.. events.Select(e => new Stamped<FleetEvent>(e.Event, null))], stoppingToken);
                batch.Clear();
                if (Interlocked.Exchange(ref dropped, 0) is > 0 and var lost)
                    LogDropped(lost);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops. What is still waiting is lost: these are notes of what can be seen in the registry itself.
        }
    }

    private async Task CommitAsync(TenantId tenant, IReadOnlyList<Stamped<FleetEvent>> events, CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                await writer.CommitAsync(new TelemetryWrite { Tenant = tenant, Events = events }, stoppingToken);
                return;
            }
            catch (TelemetryStoreException)
            {
                // The writer has logged why; the store says in the node's health that it cannot commit.
                await Task.Delay(RetryAfter, time, stoppingToken);
            }
        }
    }

    [LoggerMessage(5010, LogLevel.Warning, "{Count} events were dropped: the telemetry store has not taken them for too long.")]
    private partial void LogDropped(long count);
}
