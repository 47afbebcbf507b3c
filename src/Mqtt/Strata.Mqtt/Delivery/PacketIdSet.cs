namespace Strata.Mqtt.Delivery;

/// <summary>Packet ids a client has given, as bits: at most 8 KiB whatever it does. Safe for use by several threads.</summary>
internal sealed class PacketIdSet
{
    /// <summary>Of a client that has given none; nobody adds to it.</summary>
    public static readonly PacketIdSet None = new();

    private readonly Lock gate = new();
    private ulong[] bits = [];
    private int count;

    public int Count => Volatile.Read(ref count);

    /// <summary>The ids, in order.</summary>
    public IReadOnlyCollection<ushort> ToList()
    {
        lock (gate)
            return [.. Enumerable.Range(0, bits.Length * 64).Where(id => (bits[id >> 6] & (1UL << (id & 63))) != 0).Select(static id => (ushort)id)];
    }

    public bool Contains(ushort id)
    {
        lock (gate)
            return id >> 6 < bits.Length && (bits[id >> 6] & (1UL << (id & 63))) != 0;
    }

    public void Add(ushort id)
    {
        lock (gate)
        {
            if (id >> 6 >= bits.Length)
                Array.Resize(ref bits, Math.Max((id >> 6) + 1, Math.Min(1024, bits.Length * 2)));
            var bit = 1UL << (id & 63);
            if ((bits[id >> 6] & bit) != 0)
                return;
            bits[id >> 6] |= bit;
            Volatile.Write(ref count, count + 1);
        }
    }

    /// <returns>False: it was not there.</returns>
    public bool Remove(ushort id)
    {
        lock (gate)
        {
            var bit = 1UL << (id & 63);
            if (id >> 6 >= bits.Length || (bits[id >> 6] & bit) == 0)
                return false;
            bits[id >> 6] &= ~bit;
            Volatile.Write(ref count, count - 1);
            return true;
        }
    }
}
