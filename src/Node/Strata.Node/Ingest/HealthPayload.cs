using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Telemetry.Decoding;

namespace Strata.Node.Ingest;

/// <summary>Decodes <c>devices/{id}/health</c>: one object of numbers, stored as metrics <c>health.*</c>.</summary>
internal static class HealthPayload
{
    public const string Prefix = "health.";

    /// <summary>As <see cref="PayloadDecoder.TryDecode"/>, into the batch's open message.</summary>
    public static bool TryDecode(DeviceId device, ReadOnlySpan<byte> payload, long now, ReadingBatch batch, PayloadLimits limits, out PayloadError error) =>
        PayloadDecoder.TryDecodeHealth(device, payload, now, batch, limits, out error);
}
