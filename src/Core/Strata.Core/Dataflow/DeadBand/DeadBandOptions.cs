using Strata.Core.Telemetry;

namespace Strata.Core.Dataflow;

/// <summary>When a sample is worth reporting.</summary>
public sealed record DeadBandOptions
{
    /// <summary>The name under which a band in metres for positions is configured.</summary>
    public const string Position = "position";

    private static readonly Dictionary<string, double> Defaults = new(StringComparer.OrdinalIgnoreCase)
    {
        ["temperature"] = 0.5,
        ["humidity"] = 2,
        ["humidityRatio"] = 0.0002,
        ["co2"] = 50,
        ["light"] = 20,
        ["illuminance"] = 20,
        ["pressure"] = 1,
        ["noise"] = 2,
        ["voltage"] = 0.05,
        ["current"] = 0.1,
        ["power"] = 10,
        ["battery"] = 1,
        ["rssi"] = 3,
        ["snr"] = 2,
        ["load"] = 5,
        [Position] = 25,
    };

    /// <summary>
    /// Bands by metric, in the metric's own unit; a value is reported when it lies further from the last reported one. <see cref="Position"/>
    /// gives metres. 0 reports every change. Only numbers have a band; default empty, which leaves <see cref="DefaultBand"/> to decide.
    /// </summary>
    public IReadOnlyDictionary<string, double> Bands { get; init; } = new Dictionary<string, double>();

    /// <summary>A metric is reported at least this often, in event time. 0 (every sample) to 7 days; default 5 minutes.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Metrics whose last value is remembered; samples of further ones are all reported. 1 to 65,536; default 4,096.</summary>
    public int MaxMetrics { get; init; } = 4096;

    /// <summary>
    /// The band of a well-known quantity, found by the last part of the metric's name whatever its case (<c>room.Temperature</c> is a
    /// temperature): temperature 0.5 degC, humidity 2 %RH, humidityRatio 0.0002 kg/kg, co2 50 ppm, light and illuminance 20 lux, pressure 1 hPa, noise 2 dB,
    /// voltage 0.05 V, current 0.1 A, power 10 W, battery 1 %, rssi 3 dB, snr 2 dB, load 5 %, position 25 m. Any other: 0, every change.
    /// </summary>
    public static double DefaultBand(MetricName metric) => Defaults.GetValueOrDefault(PositionNames.LastPart(metric).ToString());

    /// <summary>The band that holds for a metric.</summary>
    public double BandOf(MetricName metric) => Bands.TryGetValue(metric.Value, out var band) ? band : DefaultBand(metric);

    /// <summary>The band for positions, in metres.</summary>
    public double PositionBand => Bands.TryGetValue(Position, out var band) ? band : Defaults[Position];

    /// <summary>The properties that are out of their range, one sentence each; empty when all are well.</summary>
    public IEnumerable<string> Validate()
    {
        if (Heartbeat < TimeSpan.Zero || Heartbeat > TimeSpan.FromDays(7))
            yield return $"{nameof(Heartbeat)} is {Heartbeat}; it must be 0 to 7 days.";
        if (MaxMetrics is < 1 or > 65_536)
            yield return $"{nameof(MaxMetrics)} is {MaxMetrics}; it must be 1 to 65,536.";
        foreach (var (metric, band) in Bands)
        {
            if (!(band >= 0))
                yield return $"The dead band of '{metric}' is {band}; it must be 0 or more.";
        }
    }
}
