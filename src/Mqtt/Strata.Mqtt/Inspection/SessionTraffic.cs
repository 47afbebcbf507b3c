namespace Strata.Mqtt.Inspection;

/// <summary>
/// What one session has counted since it began. What comes in is added once a burst by the read loop; what goes out belongs to whoever guards the session's
/// <see cref="Delivery.MessageFlow"/>. Read by anyone: a figure may be a moment old, never torn.
/// </summary>
internal sealed class SessionTraffic
{
    private LatencyFigures? acknowledgement;
    private LatencyFigures? resume;
    private RateWindow rateIn;
    private RateWindow rateOut;
    private long messagesIn;
    private long bytesIn;
    private long duplicatesIn;
    private long messagesOut;
    private long bytesOut;
    private long duplicatesOut;
    private long[]? lost;
    private long lostToFullQueueAt = -1;
    private long sampledAt;
    private long sampledIn = -1;
    private ushort sampled;

    public long MessagesIn => Interlocked.Read(ref messagesIn);

    public long BytesIn => Interlocked.Read(ref bytesIn);

    public long DuplicatesIn => Interlocked.Read(ref duplicatesIn);

    public long MessagesOut => Interlocked.Read(ref messagesOut);

    public long BytesOut => Interlocked.Read(ref bytesOut);

    public long DuplicatesOut => Interlocked.Read(ref duplicatesOut);

    /// <summary>From the PUBLISH that was sent to its PUBACK or PUBREC; of at most one message a clock's turn (250 ms). Null: none was measured.</summary>
    public LatencyFigures? Acknowledgement => Volatile.Read(ref acknowledgement);

    /// <summary>From the CONNECT of a client that came back until all that had waited was written to it. Null: none was measured.</summary>
    public LatencyFigures? Resume => Volatile.Read(ref resume);

    /// <summary>When a full queue lost a message last, by the engine's clock; negative: never.</summary>
    public long LostToFullQueueAt => Interlocked.Read(ref lostToFullQueueAt);

    public double RateIn(long now) => rateIn.PerSecond(MessagesIn, now);

    public double RateOut(long now) => rateOut.PerSecond(MessagesOut, now);

    public long Lost(LossReason reason) => Volatile.Read(ref lost) is { } counts ? Interlocked.Read(ref counts[(int)reason]) : 0;

    /// <summary>Once a burst.</summary>
    public void Received(int messages, int duplicates, long bytes, long now)
    {
        Interlocked.Add(ref bytesIn, bytes);
        if (messages == 0)
            return;
        rateIn.Note(Interlocked.Add(ref messagesIn, messages), now);
        if (duplicates > 0)
            Interlocked.Add(ref duplicatesIn, duplicates);
    }

    /// <summary>Once a flush.</summary>
    public void Sent(int messages, int duplicates, long bytes, long now)
    {
        Interlocked.Add(ref bytesOut, bytes);
        if (messages == 0)
            return;
        rateOut.Note(Interlocked.Add(ref messagesOut, messages), now);
        if (duplicates > 0)
            Interlocked.Add(ref duplicatesOut, duplicates);
    }

    public void Lose(LossReason reason, long count, long now)
    {
        if (Volatile.Read(ref lost) is null)
            Interlocked.CompareExchange(ref lost, new long[LossReasons.Names.Length], null);
        Interlocked.Add(ref lost![(int)reason], count);
        if (reason is LossReason.QueueFull or LossReason.QueueOverflow)
            Interlocked.Exchange(ref lostToFullQueueAt, now);
    }

    /// <summary>Notes when a message left, if none is noted and this turn of the clock had none.</summary>
    public void Sent(ushort packetId, MqttClock clock)
    {
        if (sampled != 0 || sampledIn == clock.Coarse)
            return;
        sampledIn = clock.Coarse;
        sampledAt = clock.Timestamp;
        sampled = packetId;
    }

    /// <returns>How long it took, when this is the message that is noted.</returns>
    public TimeSpan? Acknowledged(ushort packetId, MqttClock clock)
    {
        if (sampled != packetId || packetId == 0)
            return null;
        sampled = 0;
        var took = clock.Since(sampledAt);
        Note(ref acknowledgement, took);
        return took;
    }

    /// <summary>The connection is gone: the message that is noted may be acknowledged on another.</summary>
    public void Suspend() => sampled = 0;

    /// <summary>All that had waited for a client that came back is written.</summary>
    public void Resumed(TimeSpan took) => Note(ref resume, took);

    private static void Note(ref LatencyFigures? figures, TimeSpan took)
    {
        var noted = figures ?? new LatencyFigures();
        noted.Note(took);
        Volatile.Write(ref figures, noted);
    }
}

/// <summary>The last, the mean of about the last eight, and the longest of a time.</summary>
internal sealed class LatencyFigures
{
    private long last = -1;
    private long mean;
    private long longest;

    /// <summary>Milliseconds; null: none was measured.</summary>
    public double? Last => Volatile.Read(ref last) is >= 0 and var ticks ? TimeSpan.FromTicks(ticks).TotalMilliseconds : null;

    public double? Mean => Last is null ? null : TimeSpan.FromTicks(Volatile.Read(ref mean)).TotalMilliseconds;

    public double? Longest => Last is null ? null : TimeSpan.FromTicks(Volatile.Read(ref longest)).TotalMilliseconds;

    public void Note(TimeSpan took)
    {
        Volatile.Write(ref mean, last < 0 ? took.Ticks : mean + ((took.Ticks - mean) / 8));
        Volatile.Write(ref longest, Math.Max(longest, took.Ticks));
        Volatile.Write(ref last, took.Ticks);
    }
}

/// <summary>A rate over the last 5 to 10 s, from a count and two of its earlier values.</summary>
internal struct RateWindow
{
    private const long Length = 5000;

    private long middle;
    private long middleAt;
    private long begin;
    private long beginAt;

    /// <param name="now">By the engine's clock, ms.</param>
    public void Note(long count, long now)
    {
        if (now - middleAt < Length)
            return;
        var idle = now - middleAt > 2 * Length;
        (begin, beginAt) = idle ? (count - 1, now - 1000) : (middle, middleAt);
        (middle, middleAt) = (count, now);
    }

    /// <summary>0 when the window passed without one.</summary>
    public readonly double PerSecond(long count, long now)
    {
        if (now - middleAt > 2 * Length && count == middle)
            return 0;
        var time = now - beginAt;
        return time <= 0 ? 0 : Math.Max(0, count - begin) * 1000.0 / time;
    }
}
