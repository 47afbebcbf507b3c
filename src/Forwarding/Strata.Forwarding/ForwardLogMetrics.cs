using System.Diagnostics.Metrics;

namespace Strata.Forwarding;

/// <summary>What a <see cref="ForwardLog"/> measures, under the meter <c>Strata.Forwarding</c>. Dispose it before the log.</summary>
public sealed class ForwardLogMetrics : IDisposable
{
    public const string MeterName = "Strata.Forwarding";

    private readonly Meter meter;

    /// <param name="factory">Null makes a meter of its own, for programs without dependency injection.</param>
    /// <param name="tenant">Whose log it is, as the tag <c>tenant</c>; null for programs that have one log.</param>
    public ForwardLogMetrics(ForwardLog log, IMeterFactory? factory = null, string? tenant = null)
    {
        KeyValuePair<string, object?>[] tags = tenant is null ? [] : [new("tenant", tenant)];
        meter = factory?.Create(MeterName) ?? new Meter(MeterName);
        meter.CreateObservableCounter("strata.forward.appended", () => new Measurement<long>(log.Status.Appended.Records, tags), "{record}", "Records appended since the stream began.");
        meter.CreateObservableCounter("strata.forward.acknowledged", () => new Measurement<long>(log.Status.Acknowledged.Records, tags), "{record}", "Records acknowledged since the stream began.");
        meter.CreateObservableCounter("strata.forward.lost", () => new Measurement<long>(log.Status.Lost.Records, tags), "{record}", "Records dropped or damaged since the stream began.");
        meter.CreateObservableCounter("strata.forward.lost.readings", () => new Measurement<long>(log.Status.Lost.Readings, tags), "{reading}", "Readings in lost records.");
        meter.CreateObservableUpDownCounter("strata.forward.waiting", () => new Measurement<long>(log.Status.Waiting.Records, tags), "{record}", "Records that the peer has not acknowledged.");
        meter.CreateObservableUpDownCounter("strata.forward.waiting.readings", () => new Measurement<long>(log.Status.Waiting.Readings, tags), "{reading}", "Readings in waiting records.");
        meter.CreateObservableUpDownCounter("strata.forward.disk", () => new Measurement<long>(log.Status.DiskBytes, tags), "By", "Bytes of the segment files.");
    }

    public void Dispose() => meter.Dispose();
}
