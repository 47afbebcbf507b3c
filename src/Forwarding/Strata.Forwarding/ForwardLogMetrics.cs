using System.Diagnostics.Metrics;

namespace Strata.Forwarding;

/// <summary>What a <see cref="ForwardLog"/> measures, under the meter <c>Strata.Forwarding</c>. Dispose it before the log.</summary>
public sealed class ForwardLogMetrics : IDisposable
{
    public const string MeterName = "Strata.Forwarding";

    private readonly Meter meter;

    /// <param name="factory">Null makes a meter of its own, for programs without dependency injection.</param>
    public ForwardLogMetrics(ForwardLog log, IMeterFactory? factory = null)
    {
        meter = factory?.Create(MeterName) ?? new Meter(MeterName);
        meter.CreateObservableCounter("strata.forward.appended", () => log.Status.Appended.Records, "{record}", "Records appended since the stream began.");
        meter.CreateObservableCounter("strata.forward.acknowledged", () => log.Status.Acknowledged.Records, "{record}", "Records acknowledged since the stream began.");
        meter.CreateObservableCounter("strata.forward.lost", () => log.Status.Lost.Records, "{record}", "Records dropped or damaged since the stream began.");
        meter.CreateObservableCounter("strata.forward.lost.readings", () => log.Status.Lost.Readings, "{reading}", "Readings in lost records.");
        meter.CreateObservableUpDownCounter("strata.forward.waiting", () => log.Status.Waiting.Records, "{record}", "Records that the peer has not acknowledged.");
        meter.CreateObservableUpDownCounter("strata.forward.waiting.readings", () => log.Status.Waiting.Readings, "{reading}", "Readings in waiting records.");
        meter.CreateObservableUpDownCounter("strata.forward.disk", () => log.Status.DiskBytes, "By", "Bytes of the segment files.");
    }

    public void Dispose() => meter.Dispose();
}
