using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.Tests;

/// <summary>Short ways to say what is written.</summary>
internal static class Writes
{
    public static readonly DeviceId Room = DeviceId.Parse("t-101");
    public static readonly DeviceId Hall = DeviceId.Parse("t-102");
    public static readonly MetricName Temperature = MetricName.Parse("temperature");
    public static readonly MetricName Humidity = MetricName.Parse("humidity");
    public static readonly GatewayId Gateway = GatewayId.Parse("gw-hq");

    /// <summary>A time of the tests, so many seconds after noon.</summary>
    public static long At(double seconds) => EventTime.From(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero)) + (long)(seconds * 1_000_000);

    public static Reading Number(double value, double seconds, DeviceId? device = null, MetricName? metric = null) =>
        new(device ?? Room, metric ?? Temperature, At(seconds), ReadingValue.OfNumber(value));

    public static Reading Untimed(double value, DeviceId? device = null) =>
        new(device ?? Room, Temperature, EventTime.Arrival, ReadingValue.OfNumber(value));

    public static SourceStamp Stamp(long number, string source = "gw-hq", string stream = "a") => new(source, stream, number);

    public static TelemetryWrite Of(params IEnumerable<Reading> readings) => Of(TenantId.Main, null, readings);

    public static TelemetryWrite Of(SourceStamp? stamp, params IEnumerable<Reading> readings) => Of(TenantId.Main, stamp, readings);

    public static TelemetryWrite Of(TenantId tenant, SourceStamp? stamp, IEnumerable<Reading> readings)
    {
        var batch = new ReadingBatch();
        batch.BeginMessage();
        foreach (var reading in readings)
            batch.Add(reading);
        batch.EndMessage(stamp);
        return new TelemetryWrite { Tenant = tenant, Readings = batch };
    }

    public static WindowRecord Window(double start, int revision, long count, string group = "floor-1", string site = "hq/floor-1") => new(
        group, SiteId.Parse(site), Gateway, At(start), 300_000_000, revision, 3, 4,
        [new WindowMetric(Temperature, count, 1.0 / 3, -0.1, 1e300, 5e-324, 22.4), new WindowMetric(Humidity, 1, 40, 40, 40, 0, 40)]);
}
