using System.Buffers;

namespace Strata.Core.Telemetry.Decoding;

/// <summary>Writes telemetry payloads of <see cref="PayloadFormat.Json"/>, as compact as the form allows. What it writes, <see cref="PayloadDecoder"/> reads back the same.</summary>
public static class TelemetryJson
{
    /// <summary>
    /// Writes rows of one device: neighbours of one time share an object; one object stands alone, several in an array. Times keep their
    /// microseconds as decimals of <c>ts</c>; rows with <see cref="EventTime.Arrival"/> are written without <c>ts</c>.
    /// </summary>
    /// <param name="count">At least 1; more than <see cref="PayloadLimits.MaxReadings"/> of the receiver would be refused there.</param>
    public static void Write(IBufferWriter<byte> output, ReadingBatch batch, int start, int count) => throw new NotImplementedException();

    /// <summary>Writes one reading.</summary>
    public static void Write(IBufferWriter<byte> output, in Reading reading) => throw new NotImplementedException();
}
