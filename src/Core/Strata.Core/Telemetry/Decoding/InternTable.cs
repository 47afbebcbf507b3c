using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Strata.Core.Telemetry.Decoding;

/// <summary>
/// Remembers which string a run of UTF-8 bytes is, so that a name seen before costs no allocation. Bounded: a fixed number of places,
/// four for each hash; a newcomer to a full set takes the place of another. Whoever floods it makes others allocate, nothing more.
/// Safe for any number of threads without a lock: entries never change, a place is replaced by one reference write.
/// </summary>
internal sealed class InternTable
{
    private const int Ways = 4;

    private readonly Entry?[] entries;
    private readonly uint mask;
    private uint victim;

    /// <param name="capacity">Places, a power of two, at least 4.</param>
    public InternTable(int capacity)
    {
        entries = new Entry?[capacity];
        mask = (uint)(capacity - 1) & ~(uint)(Ways - 1);
    }

    public static uint Hash(ReadOnlySpan<byte> utf8)
    {
        var hash = (uint)utf8.Length;
        if (utf8.Length >= 8)
        {
            var rest = utf8;
            for (; rest.Length > 8; rest = rest[8..])
                hash = BitOperations.Crc32C(hash, MemoryMarshal.Read<ulong>(rest));
            return Mix(BitOperations.Crc32C(hash, MemoryMarshal.Read<ulong>(utf8[^8..])));
        }
        if (utf8.Length >= 4)
            return Mix(BitOperations.Crc32C(BitOperations.Crc32C(hash, MemoryMarshal.Read<uint>(utf8)), MemoryMarshal.Read<uint>(utf8[^4..])));
        foreach (var b in utf8)
            hash = BitOperations.Crc32C(hash, b);
        return Mix(hash);
    }

    /// <summary>The string of these bytes; null when it is not here (any more).</summary>
    public string? Find(ReadOnlySpan<byte> utf8, uint hash)
    {
        var set = entries.AsSpan((int)(hash & mask), Ways);
        foreach (var entry in set)
        {
            if (entry is not null && entry.Hash == hash && utf8.SequenceEqual(entry.Utf8))
                return entry.Text;
        }
        return null;
    }

    /// <summary>Remembers a string that <see cref="Find"/> did not know.</summary>
    public void Add(ReadOnlySpan<byte> utf8, uint hash, string text)
    {
        var first = (int)(hash & mask);
        var place = first + (int)(victim++ % Ways);
        for (var way = 0; way < Ways; way++)
        {
            if (entries[first + way] is null)
            {
                place = first + way;
                break;
            }
        }
        Volatile.Write(ref entries[place], new Entry(hash, utf8.ToArray(), text));
    }

    /// <summary>The text of these bytes, which are valid UTF-8; remembered.</summary>
    public string TextOf(ReadOnlySpan<byte> utf8)
    {
        var hash = Hash(utf8);
        if (Find(utf8, hash) is { } known)
            return known;
        var text = Encoding.UTF8.GetString(utf8);
        Add(utf8, hash, text);
        return text;
    }

    private static uint Mix(uint hash) => (hash ^ (hash >> 15)) * 0x9E3779B1;

    private sealed class Entry(uint hash, byte[] utf8, string text)
    {
        public readonly uint Hash = hash;
        public readonly byte[] Utf8 = utf8;
        public readonly string Text = text;
    }
}
