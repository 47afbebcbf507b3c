using Strata.Core.Devices;

namespace Strata.Core.Telemetry;

/// <summary>
/// Readings as columns, cut into messages: a message is what was sent as one (a payload, an uplink entry) and is stored whole or not at
/// all. Reusable: <see cref="Clear"/> keeps the arrays. Not safe for use by two threads at once; whoever rented it owns it until it is handed to a writer.
/// </summary>
public sealed class ReadingBatch
{
    private DeviceId[] devices = new DeviceId[16];
    private MetricName[] metrics = new MetricName[16];
    private long[] times = new long[16];
    private ReadingKind[] kinds = new ReadingKind[16];
    private double[] numbers = new double[16];
    private string?[] texts = new string?[16];
    private BatchMessage[] messages = new BatchMessage[4];
    private int open = -1;

    /// <summary>Rows of finished messages and of the open one.</summary>
    public int Count { get; private set; }

    /// <summary>Finished messages.</summary>
    public int MessageCount { get; private set; }

    /// <summary>How many rows the arrays hold before they grow; a pool drops batches that grew beyond its liking.</summary>
    public int Capacity => times.Length;

    public ReadOnlySpan<DeviceId> Devices => devices.AsSpan(0, Count);

    public ReadOnlySpan<MetricName> Metrics => metrics.AsSpan(0, Count);

    /// <summary>Microseconds since the epoch, or <see cref="EventTime.Arrival"/> until the writer assigns one.</summary>
    public Span<long> Times => times.AsSpan(0, Count);

    public ReadOnlySpan<ReadingKind> Kinds => kinds.AsSpan(0, Count);

    /// <summary>The number column; booleans are 1 or 0, texts 0.</summary>
    public ReadOnlySpan<double> Numbers => numbers.AsSpan(0, Count);

    /// <summary>The text column; null unless the kind is text.</summary>
    public ReadOnlySpan<string?> Texts => texts.AsSpan(0, Count);

    public ReadOnlySpan<BatchMessage> Messages => messages.AsSpan(0, MessageCount);

    public Reading this[int row] =>
        new(devices[row], metrics[row], times[row], ReadingValue.FromColumns(kinds[row], numbers[row], texts[row]));

    /// <summary>Opens a message; rows added until <see cref="EndMessage"/> belong to it.</summary>
    public void BeginMessage()
    {
        if (open >= 0)
            throw new InvalidOperationException("The last message has not ended.");
        open = Count;
    }

    /// <summary>Ends the open message. A message without rows is kept too, so that its number counts as seen.</summary>
    /// <returns>The message's index.</returns>
    /// <param name="origin">What its source said of it besides the readings.</param>
    /// <param name="bytes">Length of its payload as it came, for the meter.</param>
    public int EndMessage(SourceStamp? stamp = null, MessageOrigin origin = default, int bytes = 0)
    {
        if (open < 0)
            throw new InvalidOperationException("No message is open.");
        if (MessageCount == messages.Length)
            Array.Resize(ref messages, messages.Length * 2);
        messages[MessageCount] = new BatchMessage(open, Count - open, stamp) { Origin = origin, Bytes = bytes };
        open = -1;
        return MessageCount++;
    }

    /// <summary>Says what became of a finished message; called by the store that committed the batch.</summary>
    public void SetOutcome(int message, MessageOutcome outcome)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(message, MessageCount);
        messages[message] = messages[message] with { Outcome = outcome };
    }

    /// <summary>Forgets the open message and its rows: a payload that proved bad leaves nothing behind.</summary>
    public void AbandonMessage()
    {
        if (open < 0)
            return;
        Array.Clear(texts, open, Count - open);
        Count = open;
        open = -1;
    }

    public void Add(DeviceId device, MetricName metric, long time, double number) => Add(device, metric, time, ReadingKind.Number, number, null);

    public void Add(DeviceId device, MetricName metric, long time, bool value) => Add(device, metric, time, ReadingKind.Boolean, value ? 1 : 0, null);

    public void Add(DeviceId device, MetricName metric, long time, string text) => Add(device, metric, time, ReadingKind.Text, 0, text);

    public void Add(in Reading reading) => Add(reading.Device, reading.Metric, reading.Time, reading.Value.Kind, reading.Value.Number, reading.Value.Text);

    public void Add(DeviceId device, MetricName metric, long time, ReadingKind kind, double number, string? text)
    {
        var row = Count;
        if (row == times.Length)
            Grow();
        devices[row] = device;
        metrics[row] = metric;
        times[row] = time;
        kinds[row] = kind;
        numbers[row] = number;
        texts[row] = text;
        Count = row + 1;
    }

    /// <summary>Empties the batch for its next use; the arrays stay.</summary>
    public void Clear()
    {
        Array.Clear(texts, 0, Count);
        Array.Clear(messages, 0, MessageCount);
        Count = 0;
        MessageCount = 0;
        open = -1;
    }

    private void Grow()
    {
        var size = times.Length * 2;
        Array.Resize(ref devices, size);
        Array.Resize(ref metrics, size);
        Array.Resize(ref times, size);
        Array.Resize(ref kinds, size);
        Array.Resize(ref numbers, size);
        Array.Resize(ref texts, size);
    }
}

/// <summary>One message of a batch: its rows, and its number when its source numbers its batches.</summary>
public readonly record struct BatchMessage(int Start, int Count, SourceStamp? Stamp)
{
    public MessageOrigin Origin { get; init; }

    /// <summary>Length of its payload as it came.</summary>
    public int Bytes { get; init; }

    /// <summary>What became of it; told by the store after a commit that succeeded.</summary>
    public MessageOutcome Outcome { get; init; }
}

/// <summary>What is known of a message besides its readings; a gateway that sends it on must know it.</summary>
/// <param name="Immediate">A change of state or an alarm: it never waits for a window.</param>
/// <param name="Sampled">When the newest sample was taken at the source, microseconds by its clock; 0 when not said.</param>
/// <param name="Gateway">The gateway below that heard the device; null when the device talks to this node.</param>
public readonly record struct MessageOrigin(bool Immediate, long Sampled = 0, GatewayId? Gateway = null);

/// <summary>What a commit did with a message.</summary>
public enum MessageOutcome : byte
{
    /// <summary>Its rows are stored (also the value before the commit).</summary>
    Stored,

    /// <summary>Its number was seen before: it changed nothing and counts as acknowledged.</summary>
    Repeated,

    /// <summary>It would break a limit that trying again cannot mend (too many metrics of a device, too many series): none of its rows is stored.</summary>
    Refused,
}
