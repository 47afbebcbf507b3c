using System.Collections.Concurrent;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Shadows.Store;

/// <summary>Shadows in memory, compact, as many as the bound lets: those that were not asked for since the last round go first. Filled by the writer alone; read by any thread.</summary>
internal sealed class ShadowCache(long maxBytes)
{
    /// <summary>What an entry takes beside its bytes and its key, about.</summary>
    private const int Overhead = 200;

    private readonly ConcurrentDictionary<(TenantId Tenant, string Id), Entry> entries = new();
    private long bytes;

    public long Bytes => Interlocked.Read(ref bytes);

    public int Count => entries.Count;

    public byte[]? Find(TenantId tenant, string id)
    {
        if (!entries.TryGetValue((tenant, id), out var entry))
            return null;
        entry.IsUsed = true;
        return entry.Content;
    }

    public void Set(TenantId tenant, string id, byte[] content)
    {
        if (entries.TryGetValue((tenant, id), out var entry))
        {
            Interlocked.Add(ref bytes, content.Length - entry.Content.Length);
            entry.Content = content;
            entry.IsUsed = true;
        }
        else
        {
            entries[(tenant, id)] = new Entry(content);
            Interlocked.Add(ref bytes, SizeOf(id, content));
        }
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

        public bool IsUsed { get; set; } = true;
    }
}
