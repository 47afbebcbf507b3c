using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Telemetry;
using Strata.Telemetry.DuckDb;

namespace Strata.Bench.Telemetry;

/// <summary>The embedded store and the fleet that writes into it: each device reports one temperature a minute.</summary>
internal sealed class BenchStore(TelemetryStoreOptions options, int devices) : IAsyncDisposable
{
    public static readonly MetricName Metric = MetricName.Parse("temperature");

    private readonly DeviceId[] names = [.. Enumerable.Range(0, devices).Select(Device)];
    private readonly Random random = new(1);
    private readonly ReadingBatch batch = new();
    private long row;

    public DuckDbTelemetryStore Store { get; } = new(options, TimeProvider.System, NullLogger<DuckDbTelemetryStore>.Instance);

    /// <summary>The first reading's time.</summary>
    public static long Start => EventTime.From(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public static DeviceId Device(int number) => DeviceId.Parse($"sensor-{number:D5}");

    /// <summary>
    /// Commits the next rows in order of time: minute by minute, device by device, each time some milliseconds off its minute, values in steps of 0.1 around a daily curve.
    /// </summary>
    public async Task CommitAsync(int rows)
    {
        batch.Clear();
        batch.BeginMessage();
        for (var i = 0; i < rows; i++, row++)
        {
            var (minute, device) = Math.DivRem(row, names.Length);
            var time = Start + minute * 60_000_000 + device * 60_000_000 / names.Length + random.Next(20) * 1000;
            batch.Add(names[device], Metric, time, Math.Round(21 + device % 7 + 3 * Math.Sin(minute * Math.Tau / 1440) + random.NextDouble(), 1));
        }
        batch.EndMessage();
        await Store.CommitAsync([new TelemetryWrite { Tenant = TenantId.Main, Readings = batch }], CancellationToken.None);
    }

    public ValueTask DisposeAsync() => Store.DisposeAsync();
}
