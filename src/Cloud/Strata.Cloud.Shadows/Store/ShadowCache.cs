using System.Collections.Concurrent;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Shadows.Store;

/// <summary>Shadows in memory, compact, as many as the bound lets: those that were not asked for since the last round go first. The last that were written are there as objects too. Of the writer alone, but that any thread may empty it.</summary>
internal sealed class ShadowCache(long maxBytes)
{
    /// <summary>Shadows that are there as objects: a device that reports often is not read anew for each report.</summary>
    private const int MostRead = 1_000;

    /// <summary>What an entry takes beside its bytes and its key, about.</summary>
    private const int Overhead = 200;

    private readonly ConcurrentDictionary<(TenantId Tenant, string Id), Entry> entries = new();
    private readonly Queue<Entry> read = new(MostRead);
    private long bytes;

    public long Bytes => Interlocked.Read(ref bytes);

    public int Count => entries.Count;

    public Shadow? Find(TenantId tenant, string id)
    {
        if (!entries.TryGetValue((tenant, id), out var entry))
            return null;
        entry.IsUsed = true;
        return entry.Shadow ?? ShadowCodec.Read(entry.Content);
    }

    /// <param name="content">The shadow as <see cref="ShadowCodec"/> writes it.</param>
    public void Set(TenantId tenant, string id, byte[] content, Shadow shadow)
    {
        if (entries.TryGetValue((tenant, id), out var entry))
        {
            Interlocked.Add(ref bytes, content.Length - entry.Content.Length);
            entry.Content = content;
            entry.IsUsed = true;
        }
        else
        {
            entries[(tenant, id)] = entry = new Entry(content);
            Interlocked.Add(ref bytes, SizeOf(id, content));
        }
        if (entry.Shadow is null)
        {
            if (read.Count == MostRead)
                read.Dequeue().Shadow = null;
            read.Enqueue(entry);
        }
        entry.Shadow = shadow;
        if (Bytes > maxBytes)
            Shrink();
    }

    public void Remove(TenantId tenant, string id)
    {
        if (entries.TryRemove((tenant, id), out var entry))
            Interlocked.Add(ref bytes, -SizeOf(id, entry.Content));
    }

    public void RemoveAll(TenantId tenant)
    {
        foreach (var key in entries.Keys.Where(k => k.Tenant == tenant))
            Remove(tenant, key.Id);
    }

    /// <summary>Down to nine tenths, so that the next shadow does not ask for it again.</summary>
    private void Shrink()
    {
        var wanted = maxBytes / 10 * 9;
        for (var round = 0; round < 2 && Bytes > wanted; round++)
        {
            foreach (var (key, entry) in entries)
            {
                if (Bytes <= wanted)
                    return;
                if (entry.IsUsed && round == 0)
                    entry.IsUsed = false;
                else
                    Remove(key.Tenant, key.Id);
            }
        }
    }

    private static int SizeOf(string id, byte[] content) => content.Length + (2 * id.Length) + Overhead;

    private sealed class Entry(byte[] content)
    {
        public byte[] Content { get; set; } = content;

        public Shadow? Shadow { get; set; }

        public bool IsUsed { get; set; } = true;
    }
}
