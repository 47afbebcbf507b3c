namespace Strata.Mqtt.Limits;

/// <summary>
/// The messages that wait in the queues of many sessions: those of a namespace, or of the node, which is <paramref name="whole"/> of all namespaces. Counted without a lock: of
/// two that come at once for the last place neither may get it.
/// </summary>
/// <param name="maxMessages">The limit as it is now.</param>
/// <param name="maxBytes">The limit as it is now.</param>
/// <param name="whole">What this is a part of, counted with it; null for the node.</param>
internal sealed class QueueUse(Func<long> maxMessages, Func<long> maxBytes, QueueUse? whole)
{
    private long messages;
    private long bytes;

    public long Messages => Volatile.Read(ref messages);

    public long Bytes => Volatile.Read(ref bytes);

    /// <summary>Takes room for a message.</summary>
    /// <returns>False: there is none, here or in the whole.</returns>
    public bool TryTake(int length)
    {
        if (Interlocked.Increment(ref messages) <= maxMessages() & Interlocked.Add(ref bytes, length) <= maxBytes() && whole?.TryTake(length) != false)
            return true;
        Interlocked.Decrement(ref messages);
        Interlocked.Add(ref bytes, -length);
        return false;
    }

    /// <summary>Counts what comes or goes without asking for room.</summary>
    public void Change(long messageCount, long byteCount)
    {
        Interlocked.Add(ref messages, messageCount);
        Interlocked.Add(ref bytes, byteCount);
        whole?.Change(messageCount, byteCount);
    }
}
