using System.Buffers;

namespace Strata.Core.Telemetry.Decoding;

/// <summary>
/// Writes telemetry payloads of <see cref="PayloadFormat.Json"/>, as compact as the form allows. What it writes, <see cref="PayloadDecoder"/>
/// reads back the same. Numbers must be finite.
/// </summary>
public static class TelemetryJson
{
    /// <summary>Rows of one object at most; more go to a further object of the same time.</summary>
    private const int MaxRowsOfObject = 64;

    /// <summary>
    /// Writes rows of one device: neighbours of one time share an object; one object stands alone, several in an array. Times keep their
    /// microseconds as decimals of <c>ts</c>; rows with <see cref="EventTime.Arrival"/> are written without <c>ts</c>.
    /// </summary>
    /// <param name="count">At least 1; more than <see cref="PayloadLimits.MaxReadings"/> of the receiver would be refused there.</param>
    public static void Write(IBufferWriter<byte> output, ReadingBatch batch, int start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + count, batch.Count);
        var end = start + count;
        var writer = new JsonTokenWriter(output);
        var next = ObjectEnd(batch, start, end);
        var array = next < end;
        if (array)
            writer.Byte((byte)'[');
        for (var row = start; ; next = ObjectEnd(batch, row, end))
        {
            WriteObject(ref writer, batch, row, next - row);
            row = next;
            if (row == end)
                break;
            writer.Byte((byte)',');
        }
        if (array)
            writer.Byte((byte)']');
        writer.Flush();
    }

    /// <summary>The same with those rows alone that have one of the metrics.</summary>
    /// <returns>How many rows that are; nothing is written for none.</returns>
    public static int Write(IBufferWriter<byte> output, ReadingBatch batch, int start, int count, ReadOnlySpan<MetricName> metrics)
    {
        var chosen = new ReadingBatch();
        for (var row = start; row < start + count; row++)
        {
            if (metrics.Contains(batch.Metrics[row]))
                chosen.Add(batch[row]);
        }
        if (chosen.Count > 0)
            Write(output, chosen, 0, chosen.Count);
        return chosen.Count;
    }

    /// <summary>Writes one reading; its device stays outside the payload.</summary>
    public static void Write(IBufferWriter<byte> output, in Reading reading)
    {
        var writer = new JsonTokenWriter(output);
        var wrapped = Open(ref writer, reading.Time, reading.Metric.Value is "ts" or "values");
        writer.Name(reading.Metric.Value);
        Value(ref writer, reading.Value);
        writer.Raw(wrapped ? "}}"u8 : "}"u8);
        writer.Flush();
    }

    /// <summary>Where the object that begins at <paramref name="row"/> ends: before another time, a name it has, or its limit.</summary>
    private static int ObjectEnd(ReadingBatch batch, int row, int end)
    {
        var time = batch.Times[row];
        var at = row + 1;
        for (; at < end && at - row < MaxRowsOfObject && batch.Times[at] == time; at++)
        {
            if (batch.Metrics[row..at].Contains(batch.Metrics[at]))
                break;
        }
        return at;
    }

    private static void WriteObject(ref JsonTokenWriter writer, ReadingBatch batch, int start, int count)
    {
        var reserved = false;
        foreach (var metric in batch.Metrics.Slice(start, count))
            reserved |= metric.Value is "ts" or "values";
        var wrapped = Open(ref writer, batch.Times[start], reserved);
        Members(ref writer, batch, start, count);
        writer.Raw(wrapped ? "}}"u8 : "}"u8);
    }

    /// <summary>Opens the object of the values; true when it stands inside another one.</summary>
    private static bool Open(ref JsonTokenWriter writer, long time, bool reserved)
    {
        if (time == EventTime.Arrival)
        {
            writer.Raw(reserved ? "{\"values\":{"u8 : "{"u8);
            return reserved;
        }
        writer.Raw("{\"ts\":"u8);
        writer.Milliseconds(time);
        writer.Raw(",\"values\":{"u8);
        return true;
    }

    private static void Members(ref JsonTokenWriter writer, ReadingBatch batch, int start, int count)
    {
        for (var row = start; row < start + count; row++)
        {
            if (row > start)
                writer.Byte((byte)',');
            writer.Name(batch.Metrics[row].Value);
            Value(ref writer, ReadingValue.FromColumns(batch.Kinds[row], batch.Numbers[row], batch.Texts[row]));
        }
    }

    private static void Value(ref JsonTokenWriter writer, in ReadingValue value)
    {
        switch (value.Kind)
        {
            case ReadingKind.Number:
                writer.Number(value.Number);
                break;
            case ReadingKind.Boolean:
                writer.Raw(value.Boolean ? "true"u8 : "false"u8);
                break;
            default:
                writer.Text(value.Text ?? "");
                break;
        }
    }
}
