using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Strata.Mqtt.Limits;

/// <summary>
/// How many connections an address opens: a second's worth may come at once. An IPv6 address counts with its /64, of which a peer has as many as it likes. Peers on
/// this machine are not limited. Safe for use by any number of threads.
/// </summary>
internal sealed class ConnectionRates(TimeProvider time)
{
    /// <summary>Addresses that are remembered; beyond it those that are quiet are forgotten, then new ones are not counted.</summary>
    internal const int Capacity = 100_000;

    private readonly ConcurrentDictionary<IPAddress, Bucket> buckets = new();
    private readonly long start = time.GetTimestamp();
    private long sweptAt = -TimeSpan.TicksPerSecond;

    internal int Count => buckets.Count;

    /// <summary>Counts a connection.</summary>
    /// <param name="rate">A second and address; 0 for no limit.</param>
    /// <returns>False: it is one too many.</returns>
    public bool TryTake(EndPoint? peer, int rate)
    {
        if (rate == 0 || peer is not IPEndPoint { Address: var address } || IPAddress.IsLoopback(address))
            return true;
        var now = time.GetElapsedTime(start).Ticks;
        if (!buckets.TryGetValue(Network(address), out var bucket))
        {
            if (buckets.Count >= Capacity && !Sweep(now))
                return true;
            bucket = buckets.GetOrAdd(Network(address), static (_, now) => new Bucket(now), now);
        }

        return bucket.TryTake(rate, now);
    }

    private static IPAddress Network(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }

    /// <summary>Whether there is room now. It looks at all addresses, so at most once a second.</summary>
    private bool Sweep(long now)
    {
        var last = Volatile.Read(ref sweptAt);
        if (now - last < TimeSpan.TicksPerSecond || Interlocked.CompareExchange(ref sweptAt, now, last) != last)
            return false;
        foreach (var (address, bucket) in buckets)
        {
            if (bucket.IsQuiet(now))
                buckets.TryRemove(address, out _);
        }

        return buckets.Count < Capacity;
    }

    private sealed class Bucket(long now)
    {
        private readonly Lock gate = new();
        private double credit = double.MaxValue;
        private long at = now;

        public bool TryTake(int rate, long now)
        {
            lock (gate)
            {
                credit = Math.Min(rate, credit + ((now - at) / (double)TimeSpan.TicksPerSecond * rate));
                at = now;
                if (credit < 1)
                    return false;
                credit--;
                return true;
            }
        }

        public bool IsQuiet(long now)
        {
            lock (gate)
                return now - at > TimeSpan.TicksPerSecond;
        }
    }
}
