using System.Collections.Concurrent;

namespace Strata.Mqtt.Access;

/// <summary>Bars whoever does something too often. Safe for use by any number of threads.</summary>
/// <param name="max">Times within the window that bar; 0 bars nobody.</param>
/// <param name="window">Counts from the first time on.</param>
/// <param name="barredFor">How long somebody is barred after the last time.</param>
internal sealed class RepeatLimit<TKey>(int max, TimeSpan window, TimeSpan barredFor, TimeProvider time)
    where TKey : notnull
{
    /// <summary>Keys that are remembered; beyond it what is over is forgotten, then new ones are not counted.</summary>
    internal const int Capacity = 100_000;

    private readonly ConcurrentDictionary<TKey, Entry> entries = new();
    private long sweptAt = time.GetTimestamp();

    public int Count => entries.Count;

    public bool IsBarred(TKey key) => max > 0 && entries.TryGetValue(key, out var entry) && entry.Times >= max && !IsOver(entry);

    /// <summary>Takes note of one time.</summary>
    /// <returns>Whether this one bars.</returns>
    public bool Note(TKey key)
    {
        if (max == 0 || (entries.Count >= Capacity && !Sweep()))
            return false;
        var now = time.GetTimestamp();
        var entry = entries.AddOrUpdate(
            key, static (_, now) => new Entry(1, now),
            (_, before, now) => IsOver(before) ? new Entry(1, now) : new Entry(before.Times + 1, before.Times + 1 == max ? now : before.Since), now);
        return entry.Times == max;
    }

    public void Forget(TKey key)
    {
        if (!entries.IsEmpty)
            entries.TryRemove(key, out _);
    }

    /// <summary>Whether there is room now. It looks at all keys, so at most once a second.</summary>
    private bool Sweep()
    {
        var last = Volatile.Read(ref sweptAt);
        if (time.GetElapsedTime(last) < TimeSpan.FromSeconds(1) || Interlocked.CompareExchange(ref sweptAt, time.GetTimestamp(), last) != last)
            return false;
        foreach (var (key, entry) in entries)
        {
            if (IsOver(entry))
                entries.TryRemove(key, out _);
        }

        return entries.Count < Capacity;
    }

    private bool IsOver(Entry entry) => time.GetElapsedTime(entry.Since) >= (entry.Times >= max ? barredFor : window);

    /// <param name="Since">The first time; once the key is barred, the one that barred it.</param>
    private readonly record struct Entry(int Times, long Since);
}
