namespace Strata.Mqtt.Delivery;

/// <summary>
/// The QoS 1 and 2 publishes of one client that wait for their PUBACK or PUBREC, in the order of arrival, which is the order of the answers
/// (MQTT-4.6.0-2, MQTT-4.6.0-3). Two parties: the read loop enters and completes without a lock; the outbox completes and takes under its lock. Growing
/// happens on the read loop under that lock.
/// </summary>
internal sealed class AckRing
{
    private const uint Done = 0x100;
    private const uint ExactlyOnce = 0x200;
    private const uint Taken = 0x400;

    // Packet id << 16 | Taken | ExactlyOnce | Done | reason code.
    private uint[] entries = new uint[4];
    private string?[]? reasons;
    private PacketIdSet? exactlyOnceIds;
    private int head;
    private int tail;
    private int taken;

    public int Count => Volatile.Read(ref tail) - Volatile.Read(ref head);

    /// <summary>Those among them that stand in the session's received ids already.</summary>
    public int CountTaken => Volatile.Read(ref taken);

    /// <summary>The read loop must <see cref="Grow"/> before it enters more.</summary>
    public bool IsFull => Count == entries.Length;

    /// <summary>Read loop, under the outbox's lock.</summary>
    public void Grow()
    {
        var next = new uint[entries.Length * 2];
        var nextReasons = reasons is null ? null : new string?[next.Length];
        for (var i = head; i != tail; i++)
        {
            next[i & (next.Length - 1)] = entries[i & (entries.Length - 1)];
            if (nextReasons is not null)
                nextReasons[i & (next.Length - 1)] = reasons![i & (entries.Length - 1)];
        }

        entries = next;
        reasons = nextReasons;
    }

    /// <summary>Read loop: enters a publish as waiting. Done before the host sees it, so that the host may acknowledge at once.</summary>
    /// <returns>Its ticket, to complete it by.</returns>
    public int Enter(ushort packetId, bool exactlyOnce = false)
    {
        var ticket = tail;
        if (exactlyOnce)
            (exactlyOnceIds ??= new PacketIdSet()).Add(packetId);
        entries[ticket & (entries.Length - 1)] = ((uint)packetId << 16) | (exactlyOnce ? ExactlyOnce : 0);
        Volatile.Write(ref tail, ticket + 1);
        return ticket;
    }

    /// <summary>Read loop, no lock: the engine itself takes it.</summary>
    public void Complete(int ticket)
    {
        ref var entry = ref entries[ticket & (entries.Length - 1)];
        Volatile.Write(ref entry, entry | Done);
    }

    /// <summary>Under the outbox's lock: one is answered with a reason.</summary>
    public void Complete(int ticket, MqttReasonCode reasonCode, string? reason)
    {
        var index = ticket & (entries.Length - 1);
        if (reason is not null)
            (reasons ??= new string?[entries.Length])[index] = reason;
        Volatile.Write(ref entries[index], entries[index] | Done | (uint)reasonCode);
    }

    /// <summary>A QoS 2 publish that waits is received: its id is noted in the session. By whoever is about to complete it.</summary>
    public void Take(int ticket)
    {
        ref var entry = ref entries[ticket & (entries.Length - 1)];
        Volatile.Write(ref entry, entry | Taken);
        Interlocked.Increment(ref taken);
    }

    public bool IsExactlyOnce(int ticket) => (entries[ticket & (entries.Length - 1)] & ExactlyOnce) != 0;

    /// <summary>Under the outbox's lock: takes the oldest if it is answered.</summary>
    public bool TryTake(out ushort packetId, out bool exactlyOnce, out MqttReasonCode reasonCode, out string? reason)
    {
        (packetId, exactlyOnce, reasonCode, reason) = (0, false, MqttReasonCode.Success, null);
        if (Count == 0)
            return false;
        var index = head & (entries.Length - 1);
        var entry = Volatile.Read(ref entries[index]);
        if ((entry & Done) == 0)
            return false;
        packetId = (ushort)(entry >> 16);
        exactlyOnce = (entry & ExactlyOnce) != 0;
        if ((entry & Taken) != 0)
            Interlocked.Decrement(ref taken);
        if (exactlyOnce)
            exactlyOnceIds!.Remove(packetId);
        reasonCode = (MqttReasonCode)(byte)entry;
        if (reasons is not null)
            (reason, reasons[index]) = (reasons[index], null);
        Volatile.Write(ref head, head + 1);
        return true;
    }

    /// <summary>Whether a QoS 2 publish with this id has no answer yet (false), or one that is about to leave (true); null when there is none.</summary>
    public bool? IsAnswered(ushort packetId)
    {
        if (exactlyOnceIds is null || !exactlyOnceIds.Contains(packetId))
            return null;
        for (var i = Volatile.Read(ref head); i != tail; i++)
        {
            var entry = Volatile.Read(ref entries[i & (entries.Length - 1)]);
            if (entry >> 16 == packetId && (entry & ExactlyOnce) != 0)
                return (entry & Done) != 0;
        }

        return null;
    }

    /// <summary>Under the outbox's lock: the publish with this id that has no answer yet.</summary>
    /// <param name="after">Where to begin to look: it is likely to come after this ticket.</param>
    /// <returns>Its ticket; null when there is none.</returns>
    public int? Find(ushort packetId, int? after) => (after is { } ticket ? FindFrom(packetId, ticket + 1) : null) ?? FindFrom(packetId, head);

    private int? FindFrom(ushort packetId, int from)
    {
        var end = Volatile.Read(ref tail);
        for (var i = from; i != end; i++)
        {
            var entry = Volatile.Read(ref entries[i & (entries.Length - 1)]);
            if (entry >> 16 == packetId && (entry & Done) == 0)
                return i;
        }

        return null;
    }
}
