using System.Collections.Concurrent;
using System.Net;

namespace Strata.Mqtt.Access;

/// <summary>
/// Who failed to prove a name too often: counted by the client's address and the name, so that neither a network behind one address nor the name's owner
/// elsewhere is shut out with the guesser. Safe for use by any number of threads.
/// </summary>
/// <param name="max">Failures within the window that bar; 0 bars nobody.</param>
/// <param name="window">Counts failures from the first on, and is how long a barred pair stays so after the last.</param>
internal sealed class FailedLogins(int max, TimeSpan window, TimeProvider time)
{
    /// <summary>Pairs that are remembered; beyond it what is over is forgotten, then new pairs are not counted.</summary>
    internal const int Capacity = 100_000;

    private readonly ConcurrentDictionary<(IPAddress Address, string Name), Entry> entries = new();
    private long sweptAt = time.GetTimestamp();

    internal int Count => entries.Count;

    /// <summary>Whether the pair is to be refused without being asked for its password.</summary>
    public bool IsBarred(EndPoint? peer, string name) =>
        max > 0 && AddressOf(peer) is { } address && entries.TryGetValue((address, name), out var entry) && entry.Failures >= max && !IsOver(entry);

    /// <summary>Takes note of a failure.</summary>
    /// <returns>Whether this one bars the pair.</returns>
    public bool Failed(EndPoint? peer, string name)
    {
        if (max == 0 || AddressOf(peer) is not { } address || (entries.Count >= Capacity && !Sweep()))
            return false;
        var now = time.GetTimestamp();
        var entry = entries.AddOrUpdate(
            (address, name), static (_, now) => new Entry(1, now),
            (_, before, now) => IsOver(before) ? new Entry(1, now) : new Entry(before.Failures + 1, before.Failures + 1 == max ? now : before.Since), now);
        return entry.Failures == max;
    }

    /// <summary>Forgets the failures of a pair that has proved its name.</summary>
    public void Succeeded(EndPoint? peer, string name)
    {
        if (!entries.IsEmpty && AddressOf(peer) is { } address)
            entries.TryRemove((address, name), out _);
    }

    /// <summary>Whether there is room now. It looks at all pairs, so at most once a second.</summary>
    private bool Sweep()
    {
        var last = Volatile.Read(ref sweptAt);
        if (time.GetElapsedTime(last) < TimeSpan.FromSeconds(1) || Interlocked.CompareExchange(ref sweptAt, time.GetTimestamp(), last) != last)
            return false;
        foreach (var (pair, entry) in entries)
        {
            if (IsOver(entry))
                entries.TryRemove(pair, out _);
        }

        return entries.Count < Capacity;
    }

    private bool IsOver(Entry entry) => time.GetElapsedTime(entry.Since) >= window;

    /// <summary>Null for a local socket, whose peers the system has let in.</summary>
    private static IPAddress? AddressOf(EndPoint? peer) => (peer as IPEndPoint)?.Address;

    /// <param name="Since">The first failure; once the pair is barred, the one that barred it.</param>
    private readonly record struct Entry(int Failures, long Since);
}
