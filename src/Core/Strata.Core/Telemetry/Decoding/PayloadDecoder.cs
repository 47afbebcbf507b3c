using Strata.Core.Devices;

namespace Strata.Core.Telemetry.Decoding;

/// <summary>Decodes telemetry payloads straight into a <see cref="ReadingBatch"/>. Safe for use by any number of threads.</summary>
public static class PayloadDecoder
{
    /// <summary>
    /// Decodes one payload into the batch's open message: all of its readings, or none. The caller has called
    /// <see cref="ReadingBatch.BeginMessage"/>; on true it calls <see cref="ReadingBatch.EndMessage"/>; on false the open message has been
    /// abandoned. Readings keep their order in the payload; one without a time gets <see cref="EventTime.Arrival"/>. Allocates nothing
    /// for names seen before, numbers, booleans and short texts seen before.
    /// </summary>
    /// <param name="now">The node's clock, microseconds since the epoch; times before 2000 or over 5 minutes ahead are refused.</param>
    /// <param name="error">On false: where and why.</param>
    public static bool TryDecode(
        PayloadFormat format, DeviceId device, ReadOnlySpan<byte> payload, long now, ReadingBatch batch, PayloadLimits limits, out PayloadError error)
        => throw new NotImplementedException();
}
