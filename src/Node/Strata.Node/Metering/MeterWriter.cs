using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Strata.Core.Metering;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Mqtt;
using Strata.Mqtt.Limits;
using Strata.Node.Devices;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Metering;

/// <summary>
/// Takes what the meters counted to the store, once a second and at the stop. Each write of a tenant has a number, and one whose outcome is not known is sent again as it was, so that nothing
/// counts twice. An idle tenant writes nothing.
/// </summary>
public sealed partial class MeterWriter(
    Meter meter, MqttBroker broker, DeviceDirectory devices, ITelemetryStore store, IngestWriter writer, QuotaWatch watch, IOptions<MeterOptions> options, TimeProvider time, ILogger<MeterWriter> logger)
    : BackgroundService
{
    /// <summary>Stands in stamps; no device or gateway can have this name.</summary>
    private const string Source = "$meter";

    private readonly string stream = Guid.NewGuid().ToString("N");
    private readonly Dictionary<TenantId, TenantState> tenants = [];
    private long measuredAt;

    /// <summary>Writes what was counted so far.</summary>
    internal async Task WriteAsync(CancellationToken cancellationToken)
    {
        var measure = measuredAt == 0 || time.GetElapsedTime(measuredAt) >= options.Value.MeasureEvery;
        if (measure)
        {
            await MeasureAsync(cancellationToken);
            measuredAt = time.GetTimestamp();
        }
        var hour = UsageSums.HourOf(time.GetUtcNow());
        // All at once, so that they share a commit: each of its own takes the store some milliseconds.
        await Task.WhenAll(meter.All.Select(tenant => WriteAsync(tenant, hour, measure, cancellationToken)));
        if (measure)
            await watch.LookAsync(meter, devices, store, cancellationToken);
    }

    /// <summary>The listener may have taken its last calls after the last turn: they are written before the writer stops.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await TryAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var timer = new PeriodicTimer(options.Value.Every, time);
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await TryAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return; // The node stops.
        }
    }

    private async Task TryAsync(CancellationToken cancellationToken)
    {
        try
        {
            await WriteAsync(cancellationToken);
        }
        catch (TelemetryStoreException failure)
        {
            LogNotWritten(failure.Message);
        }
    }

    private async Task WriteAsync(TenantMeter tenant, DateTimeOffset hour, bool measured, CancellationToken cancellationToken)
    {
        if (!tenants.TryGetValue(tenant.Tenant, out var state))
            tenants[tenant.Tenant] = state = new TenantState();
        if (state.Unsettled is null)
        {
            var used = Collect(tenant, state, hour, measured);
            if (used.Count == 0)
                return;
            state.Unsettled = new TelemetryWrite { Tenant = tenant.Tenant, Usage = used, UsageStamp = new SourceStamp(Source, stream, ++state.Number) };
        }
        await writer.CommitAsync(state.Unsettled, cancellationToken);
        state.Unsettled = null;
    }

    private List<UsageHour> Collect(TenantMeter tenant, TenantState state, DateTimeOffset hour, bool measured)
    {
        if (state.Hour != hour)
            (state.Hour, state.Connections, state.Storage) = (hour, 0, 0);
        var traffic = broker.TrafficOf(tenant.Tenant.Value);
        var peak = broker.TakePeakOf(tenant.Tenant.Value);
        var rest = tenant.Take(hour) with
        {
            MessagesOut = traffic.MessagesOut - state.Traffic.MessagesOut,
            BytesOut = traffic.BytesOut - state.Traffic.BytesOut,
            Connections = peak > state.Connections ? peak : 0,
            StorageBytes = tenant.StorageBytes != state.Storage ? tenant.StorageBytes : 0,
        };
        (state.Traffic, state.Connections, state.Storage) = (traffic, Math.Max(state.Connections, peak), tenant.StorageBytes);
        List<UsageHour> used = [];
        if (rest != new UsageHour(tenant.Tenant, hour, ""))
            used.Add(rest);
        if (!measured)
            return used;
        foreach (var (model, count) in devices.All(tenant.Tenant).Where(d => d.Rights.Billed).GroupBy(d => d.Model).Select(g => (g.Key, g.LongCount())))
        {
            if (state.Devices.GetValueOrDefault(model) is var (at, most) && at == hour && most >= count)
                continue;
            state.Devices[model] = (hour, count);
            used.Add(new UsageHour(tenant.Tenant, hour, model) { Devices = count });
        }
        return used;
    }

    /// <summary>A tenant's part of the store's bytes is its part of the readings: which bytes are whose no store can tell more closely.</summary>
    private async Task MeasureAsync(CancellationToken cancellationToken)
    {
        var counts = new Dictionary<TenantMeter, long>();
        foreach (var tenant in meter.All)
            counts[tenant] = await store.CountAsync(tenant.Tenant, null, cancellationToken);
        var all = counts.Values.Sum();
        var bytes = store.Health.Bytes;
        foreach (var (tenant, count) in counts)
            tenant.StorageBytes = all == 0 ? 0 : (long)(bytes * ((double)count / all));
    }

    [LoggerMessage(4361, LogLevel.Warning, "What was metered could not be written; it is tried again: {Reason}")]
    private partial void LogNotWritten(string reason);

    private sealed class TenantState
    {
        public long Number { get; set; }

        /// <summary>What was sent and not answered: it is sent again as it was.</summary>
        public TelemetryWrite? Unsettled { get; set; }

        public NamespaceTraffic Traffic { get; set; }

        public DateTimeOffset Hour { get; set; }

        public long Connections { get; set; }

        public long Storage { get; set; }

        public Dictionary<string, (DateTimeOffset Hour, long Most)> Devices { get; } = new(StringComparer.Ordinal);
    }
}
