namespace Strata.Mqtt.Inspection;

/// <summary>
/// What a namespace, or the node before a namespace is known, has counted since the start. Any thread adds; the counters stand in several stripes, so that threads on
/// different processors do not wait for each other, and a reader adds them up.
/// </summary>
internal sealed class TrafficTotals
{
    private const int Types = 16;
    private const int Single = 2 * Types;
    private const int LossAt = Single + 8;
    private const int Size = 64;
    private static readonly int Mask = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(Environment.ProcessorCount, 1, 4)) - 1;

    private readonly long[] counters = new long[(Mask + 1) * Size];
    private int connected;
    private int maximum;
    private int peak;
    private long expired;

    public int Connected => Volatile.Read(ref connected);

    /// <summary>The most that were connected at once.</summary>
    public int MaximumConnected => Volatile.Read(ref maximum);

    /// <summary>Sessions that ended because their expiry passed.</summary>
    public long ExpiredSessions => Interlocked.Read(ref expired);

    public void PacketsIn(int type, long count) => Add(type, count);

    public void PacketsOut(int type, long count) => Add(Types + type, count);

    public void Add(Total total, long count) => Add(Single + (int)total, count);

    public void Lose(LossReason reason, long count = 1) => Add(LossAt + (int)reason, count);

    public long PacketsIn(int type) => Sum(type);

    public long PacketsOut(int type) => Sum(Types + type);

    public long Of(Total total) => Sum(Single + (int)total);

    public long Lost(LossReason reason) => Sum(LossAt + (int)reason);

    public long PacketsIn() => Enumerable.Range(0, Types).Sum(PacketsIn);

    public long PacketsOut() => Enumerable.Range(0, Types).Sum(PacketsOut);

    public long Lost() => Enumerable.Range(0, LossReasons.Names.Length).Sum(r => Lost((LossReason)r));

    public void Entered()
    {
        var now = Interlocked.Increment(ref connected);
        Raise(ref maximum, now);
        Raise(ref peak, now);
    }

    /// <summary>The most that were connected at once since this was asked last. For one asker.</summary>
    public int TakePeak() => Math.Max(Interlocked.Exchange(ref peak, Connected), Connected);

    public void Left() => Interlocked.Decrement(ref connected);

    public void SessionExpired() => Interlocked.Increment(ref expired);

    private static void Raise(ref int most, int now)
    {
        for (var before = Volatile.Read(ref most); before < now; before = Volatile.Read(ref most))
            Interlocked.CompareExchange(ref most, now, before);
    }

    private void Add(int counter, long count) => Interlocked.Add(ref counters[((Thread.GetCurrentProcessorId() & Mask) * Size) + counter], count);

    private long Sum(int counter)
    {
        long sum = 0;
        for (var at = counter; at < counters.Length; at += Size)
            sum += Interlocked.Read(ref counters[at]);
        return sum;
    }
}

internal enum Total
{
    BytesIn,
    BytesOut,

    /// <summary>PUBLISH with DUP from clients.</summary>
    DuplicatesIn,

    /// <summary>PUBLISH with DUP to clients.</summary>
    DuplicatesOut,

    /// <summary>Clients that were not read for a while because their namespace was over its rate.</summary>
    Slowed,
}
