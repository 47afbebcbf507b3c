using System.Text.Json;
using Strata.Core;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Shadows.Store;

/// <summary>One transaction's worth of requests of a tenant: what the shadows are after each of them, and the rows that follow.</summary>
/// <param name="onFault">Told of a request that could not be decided on.</param>
internal sealed class ShadowTurn(TenantId tenant, ShadowTables tables, ShadowCache cache, ShadowOptions options, DateTimeOffset now, Action<Exception> onFault)
{
    private readonly Dictionary<string, Shadow> shadows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int There, int Known)> named = new(StringComparer.Ordinal);
    private readonly HashSet<string> changed = new(StringComparer.Ordinal);
    private readonly HashSet<string> purged = new(StringComparer.Ordinal);

    public ShadowBatch Batch { get; } = new();

    /// <summary>Fetches what is not in memory, with one query.</summary>
    public async Task LoadAsync(IReadOnlyList<ShadowWork> works)
    {
        var missing = new HashSet<string>(StringComparer.Ordinal);
        foreach (var work in works)
        {
            var id = work.Key.Id;
            if (work.Verb == ShadowVerb.Purge || shadows.ContainsKey(id) || missing.Contains(id))
                continue;
            if (cache.Find(tenant, id) is { } shadow)
                shadows[id] = shadow;
            else
                missing.Add(id);
        }
        if (missing.Count == 0)
            return;
        var found = await tables.LoadAsync(tenant, missing, CancellationToken.None);
        foreach (var id in missing)
        {
            shadows[id] = found.TryGetValue(id, out var content) ? ShadowCodec.Read(content) : Shadow.None;
            if (content is not null)
                cache.Set(tenant, id, content, shadows[id]);
        }
    }

    public async Task<ShadowResult> DecideAsync(ShadowWork work)
    {
        var id = work.Key.Id;
        if (work.Verb == ShadowVerb.Purge)
            return await PurgeAsync(work);
        var current = shadows[id];
        if (work.AtLeast > current.Version)
            current = current with { Version = work.AtLeast };
        if (work.Verb == ShadowVerb.Read)
            return new ShadowResult(current, null, null, null);
        var decided = Decide(work, current, out var request);
        if (!decided.IsOk)
            return ShadowResult.Refused(decided.Problem, current);
        if (work.Key.Name.Length > 0 && current.IsDeleted && await NoRoomAsync(work.Key, current) is { } full)
            return ShadowResult.Refused(full, current);
        Write(work, decided.Value, request?.Why);
        return new ShadowResult(decided.Value.After, decided.Value, request, null);
    }

    /// <summary>A fault refuses this request alone: it is no matter of the disk, and the others are not to come again with it for ever.</summary>
    private Outcome<ShadowChange> Decide(ShadowWork work, Shadow current, out ShadowRequest? request)
    {
        request = work.Request;
#pragma warning disable CA1031 // It is logged.
        try
        {
            if (work.Make?.Invoke(current) is { } made)
            {
                if (!made.IsOk)
                    return made.Problem;
                request = made.Value;
            }
            var at = now.ToUnixTimeMilliseconds();
            return work.Verb == ShadowVerb.Delete ? ShadowUpdate.Delete(current, work.Version, at) : ShadowUpdate.Decide(current, request!, work.Author, work.At is { } said ? Math.Min(said, at) : at, options.Limits);
        }
        catch (Exception fault)
        {
            onFault(fault);
            return new Problem(ProblemKind.Invalid, "The request could not be decided on; the node's log says why.");
        }
#pragma warning restore CA1031
    }

    /// <summary>It is written: the memory follows.</summary>
    public void Keep()
    {
        foreach (var device in purged)
            foreach (var id in shadows.Keys.Where(id => id == device || id.StartsWith(device + "/", StringComparison.Ordinal)).Where(id => !changed.Contains(id)))
                cache.Remove(tenant, id);
        foreach (var (id, row) in Batch.Shadows)
            cache.Set(tenant, id, row.Content, shadows[id]);
    }

    /// <summary>Nobody knows whether it is written: the memory knows nothing of it.</summary>
    public void Forget()
    {
        foreach (var id in shadows.Keys)
            cache.Remove(tenant, id);
    }

    private void Write(ShadowWork work, ShadowChange change, string? why)
    {
        var (id, after) = (work.Key.Id, change.After);
        shadows[id] = after;
        changed.Add(id);
        Batch.Shadows[id] = (work.Key.Device.Value, after.Time, after.IsDeleted, ShadowCodec.Write(after));
        if (ShadowEntry.Of(change, work.Author.Name, why) is { } entry)
            Batch.Changes[ShadowKey.ChangeId(id, ShadowHistory.PlaceOf(entry.Number, options.KeepChanges))] = (after.Time, EntryText.Write(entry));
        if (work.Caller is { } caller && change.HasChanged)
            Batch.Audit.Add(tables.Audit(caller, now, work.Verb == ShadowVerb.Delete ? "delete" : "change", id, Summary(change, why)));
    }

    /// <summary>The paths that differ, without values: these may be secrets.</summary>
    private static string Summary(ShadowChange change, string? why)
    {
        var paths = change.Touched.SelectMany(s => ShadowMath.Diff(change.Before[s].Root, change.After[s].Root).Select(d => $"{s.ToString().ToLowerInvariant()}{d.Path}")).Take(20).ToList();
        return JsonSerializer.Serialize(new { version = change.After.Version, paths, why }, JsonSerializerOptions.Web);
    }

    private async Task<Problem?> NoRoomAsync(ShadowKey key, Shadow current)
    {
        if (!named.TryGetValue(key.Device.Value, out var count))
            count = await tables.CountNamedAsync(tenant, key.Device.Value, CancellationToken.None);
        var most = options.Limits.MaxNamed;
        if (count.There >= most)
            return new Problem(ProblemKind.TooMuch, $"The device has {most} named shadows; delete one before another is made.");
        // Their versions are remembered for a while, which must not be a way to fill the tables.
        if (current.Version == 0 && count.Known >= 10 * Math.Max(1, most))
            return new Problem(ProblemKind.TooMuch, $"The device has used {count.Known} names of shadows lately; take one of those.");
        named[key.Device.Value] = (count.There + 1, count.Known + (current.Version == 0 ? 1 : 0));
        return null;
    }

    private async Task<ShadowResult> PurgeAsync(ShadowWork work)
    {
        var device = work.Key.Device.Value;
        purged.Add(device);
        foreach (var id in (await tables.OfDeviceAsync(tenant, device, CancellationToken.None)).Keys.Concat(Batch.Shadows.Where(s => s.Value.Device == device).Select(s => s.Key)).ToHashSet())
        {
            Batch.Purged.Add(id);
            shadows[id] = Shadow.None;
            changed.Remove(id);
            Batch.Shadows.Remove(id);
            foreach (var change in Batch.Changes.Keys.Where(c => c.StartsWith(id + "@", StringComparison.Ordinal)))
                Batch.Changes.Remove(change);
        }
        return new ShadowResult(Shadow.None, null, null, null);
    }
}
