using System.Collections.Concurrent;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Telemetry.Decoding;

namespace Strata.Node.Ingest;

/// <summary>Decodes <c>devices/{id}/health</c>: one flat object of numbers, stored as metrics <c>health.*</c>.</summary>
internal static class HealthPayload
{
    public const string Prefix = "health.";

    /// <summary>Prefixed names that are remembered; beyond it they are built each time.</summary>
    private const int MaxKnownNames = 4096;

    private static readonly ConcurrentDictionary<string, MetricName> Known = new();

    [ThreadStatic]
    private static ReadingBatch? scratch;

    /// <summary>As <see cref="PayloadDecoder.TryDecode"/>, into the batch's open message.</summary>
    public static bool TryDecode(DeviceId device, ReadOnlySpan<byte> payload, long now, ReadingBatch batch, PayloadLimits limits, out PayloadError error)
    {
        var plain = scratch ??= new ReadingBatch();
        plain.Clear();
        plain.BeginMessage();
        if (!PayloadDecoder.TryDecode(PayloadFormat.Json, device, payload, now, plain, limits, out error))
        {
            batch.AbandonMessage();
            return false;
        }
        for (var row = 0; row < plain.Count; row++)
        {
            if (plain.Kinds[row] != ReadingKind.Number || !TryPrefix(plain.Metrics[row], out var name))
            {
                error = new PayloadError(0, $"Health is one object of numbers with names of at most {MetricName.MaxLength - Prefix.Length} characters.");
                batch.AbandonMessage();
                return false;
            }
            batch.Add(device, name, plain.Times[row], plain.Numbers[row]);
        }
        return true;
    }

    private static bool TryPrefix(MetricName metric, out MetricName prefixed)
    {
        if (Known.TryGetValue(metric.Value, out prefixed))
            return true;
        if (!MetricName.TryParse(Prefix + metric.Value, out prefixed))
            return false;
        if (Known.Count < MaxKnownNames)
            Known.TryAdd(metric.Value, prefixed);
        return true;
    }
}
