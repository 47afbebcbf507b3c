using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Core.Dataflow;
using Strata.Core.Telemetry;

namespace Strata.Node.Reads;

/// <summary>From stored records to the API's.</summary>
internal static class ReadingsJson
{
    /// <summary>Characters of an event's detail in a list; a command's whole answer is with the command.</summary>
    private const int MaxDetailShown = 1_024;

    private static readonly JsonElement True = JsonElement.Parse("true");
    private static readonly JsonElement False = JsonElement.Parse("false");

    public static JsonElement Value(in ReadingValue value) => value.Kind switch
    {
        ReadingKind.Number => JsonElement.Parse(value.Number.ToString("R", System.Globalization.CultureInfo.InvariantCulture)),
        ReadingKind.Boolean => value.Boolean ? True : False,
        _ => JsonSerializer.SerializeToElement(value.Text ?? "", ContractsJson.Default.String),
    };

    public static ReadingInfo Info(in Reading reading) =>
        new(EventTime.ToDateTimeOffset(reading.Time), reading.Device.Value, reading.Metric.Value, Value(reading.Value));

    public static WindowInfo Info(WindowRecord window) => Info(window, _ => true);

    /// <param name="sees">The metrics to be shown.</param>
    public static WindowInfo Info(WindowRecord window, Func<MetricName, bool> sees) => new(
        window.Group, window.Site.Value, window.Gateway.Value.Length == 0 ? null : window.Gateway.Value, EventTime.ToDateTimeOffset(window.Start),
        TimeSpan.FromMicroseconds(window.Length), window.Revision, window.Heard, window.Members,
        window.Metrics.Where(m => sees(m.Metric)).ToDictionary(m => m.Metric.Value, m => new WindowMetricInfo(m.Count, m.Mean, m.Min, m.Max, m.Deviation, m.Last)));

    public static EventInfo Info(FleetEvent fleetEvent) =>
        new(EventTime.ToDateTimeOffset(fleetEvent.Time), fleetEvent.Kind, fleetEvent.Device?.Value, fleetEvent.Gateway?.Value,
            fleetEvent.Detail.Length <= MaxDetailShown ? fleetEvent.Detail : fleetEvent.Detail[..MaxDetailShown] + "...");

    public static GapInfo Info(Strata.Telemetry.StoredGap stored) => new(
        stored.Recorded, stored.Gap.Source, stored.Gap.First, stored.Gap.Last, stored.Gap.Readings, Time(stored.Gap.From), Time(stored.Gap.To),
        stored.Gap.Reason);

    private static DateTimeOffset? Time(long? time) => time is { } known ? EventTime.ToDateTimeOffset(known) : null;
}
