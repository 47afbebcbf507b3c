using System.Text;
using Strata.Core.Devices;

namespace Strata.Core.Telemetry.Decoding;

/// <summary>Decodes telemetry payloads straight into a <see cref="ReadingBatch"/>. Safe for use by any number of threads.</summary>
public static class PayloadDecoder
{
    private static readonly byte[] HealthPrefix = Encoding.ASCII.GetBytes(MetricName.HealthPrefix);

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
    {
        if (!Fits(payload, limits, out error))
            return Abandon(batch);
        if (format == PayloadFormat.SenmlJson)
        {
            var senml = new SenmlReader(device, payload, now, batch, limits);
            if (senml.Read())
                return true;
            error = senml.Error;
            return Abandon(batch);
        }
        var json = new JsonPayloadReader(device, payload, now, batch, limits);
        if (json.Read(default))
            return true;
        error = json.Error;
        return Abandon(batch);
    }

    /// <summary>
    /// Decodes a payload of <c>devices/{id}/health</c>: the JSON forms of telemetry with numbers only (<c>firmware</c> may be a text), each name stored as <c>health.</c> and the
    /// name. Otherwise as <see cref="TryDecode"/>.
    /// </summary>
    public static bool TryDecodeHealth(
        DeviceId device, ReadOnlySpan<byte> payload, long now, ReadingBatch batch, PayloadLimits limits, out PayloadError error)
    {
        if (!Fits(payload, limits, out error))
            return Abandon(batch);
        var json = new JsonPayloadReader(device, payload, now, batch, limits) { NumbersOnly = true };
        if (json.Read(HealthPrefix))
            return true;
        error = json.Error;
        return Abandon(batch);
    }

    internal static string ImplausibleTime(long time) => time < EventTime.Earliest
        ? "The time lies before the year 2000: the device's clock is wrong, or it does not count milliseconds (SenML: seconds) since 1970."
        : "The time lies more than 5 minutes ahead of this node's clock: the device's clock is wrong.";

    private static bool Fits(ReadOnlySpan<byte> payload, PayloadLimits limits, out PayloadError error)
    {
        error = default;
        if (payload.IsEmpty)
            error = new PayloadError(0, "The payload is empty.");
        else if (payload.Length > limits.MaxBytes)
            error = new PayloadError(limits.MaxBytes, $"A payload has at most {limits.MaxBytes} bytes; this one has {payload.Length}.");
        return error.Reason is null;
    }

    private static bool Abandon(ReadingBatch batch)
    {
        batch.AbandonMessage();
        return false;
    }
}
