using System.Numerics;

namespace Strata.Mqtt.Delivery;

/// <summary>The packet ids 1..size in use towards one subscriber, one bit each. Not safe for use by two threads at once.</summary>
internal sealed class PacketIdWindow(int size)
{
    private readonly ulong[] bits = new ulong[(size + 63) / 64];
    private int next;

    public int InUse { get; private set; }

    public bool IsFull => InUse == size;

    /// <summary>Takes a free id, going round, so that an id rests as long as it can.</summary>
    public ushort Take()
    {
        while (true)
        {
            var word = next >> 6;
            var free = ~bits[word] & (ulong.MaxValue << (next & 63));
            var index = (word << 6) + BitOperations.TrailingZeroCount(free);
            if (free == 0 || index >= size)
            {
                next = word + 1 == bits.Length ? 0 : (word + 1) << 6;
                continue;
            }

            bits[word] |= 1UL << (index & 63);
            next = index + 1 == size ? 0 : index + 1;
            InUse++;
            return (ushort)(index + 1);
        }
    }

    /// <summary>Takes an id that is free and within the window.</summary>
    public void Claim(ushort id)
    {
        bits[(id - 1) >> 6] |= 1UL << ((id - 1) & 63);
        InUse++;
    }

    /// <returns>False: the id was not in use.</returns>
    public bool Release(ushort id)
    {
        var index = id - 1;
        if (index < 0 || index >= size || (bits[index >> 6] & (1UL << (index & 63))) == 0)
            return false;
        bits[index >> 6] &= ~(1UL << (index & 63));
        InUse--;
        return true;
    }
}
