using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Shadows;

namespace Strata.Cloud.Shadows.Store;

/// <summary>Shadows, for whoever serves them: by topic, by the API, through gateways.</summary>
internal sealed class ShadowStore(ShadowWriter writer, ShadowTables tables, ShadowOptions options, TimeProvider time)
{
    public ShadowLimits Limits => options.Limits;

    /// <summary>What devices may write.</summary>
    public ShadowAuthor Device => new(ShadowAuthor.Device, IsDevice: true, options.DevicesMayDesire);

    public Task<ShadowResult> RunAsync(ShadowWork work, CancellationToken cancellationToken) => writer.RunAsync(work, cancellationToken);

    public Task<ShadowResult> ReadAsync(ShadowKey key, CancellationToken cancellationToken) => writer.RunAsync(new ShadowWork(key, ShadowVerb.Read), cancellationToken);

    public Task<ShadowResult> UpdateAsync(ShadowKey key, ShadowRequest request, Caller caller, CancellationToken cancellationToken) =>
        writer.RunAsync(new ShadowWork(key, ShadowVerb.Update) { Request = request, Author = Author(caller), Caller = caller }, cancellationToken);

    public Task<ShadowResult> DeleteAsync(ShadowKey key, long? version, Caller caller, CancellationToken cancellationToken) =>
        writer.RunAsync(new ShadowWork(key, ShadowVerb.Delete) { Version = version, Author = Author(caller), Caller = caller }, cancellationToken);

    /// <summary>Changes, the newest first, as far back as they are kept.</summary>
    public async Task<IReadOnlyList<ShadowEntry>> HistoryAsync(ShadowKey key, Shadow current, CancellationToken cancellationToken)
    {
        var oldest = Oldest;
        return [.. (await tables.ChangesAsync(key.Tenant, key.Id, current, options.KeepChanges, cancellationToken)).Where(e => e.Time >= oldest)];
    }

    /// <summary>Changes before it are kept no more, ms since 1970 UTC.</summary>
    private long Oldest => time.GetUtcNow().Subtract(options.KeepChangesFor).ToUnixTimeMilliseconds();

    /// <summary>The shadow as it was at a version, or at a time (ms since 1970 UTC).</summary>
    public async Task<Outcome<Shadow>> AtAsync(ShadowKey key, Shadow current, long? version, long? at, CancellationToken cancellationToken)
    {
        if ((version ?? current.Version) > current.Version)
            return new Problem(ProblemKind.NotFound, $"The shadow has version {current.Version}; {version} is still to come.", "version");
        var history = await HistoryAsync(key, current, cancellationToken);
        var newer = history.TakeWhile(e => version is { } v ? e.Version > v : e.Time > at).ToList();
        var past = history.Skip(newer.Count).FirstOrDefault();
        // Beyond what is kept, nobody knows: unless the history goes back to the beginning.
        var isKept = newer.Count < history.Count || current.Changes == 0 || history is [.., { Number: 1 } or { Version: 1 }];
        if (!isKept && history.Count == 0 && (version < current.Version || at < Oldest))
            return new Problem(ProblemKind.NotFound, $"No change of the shadow is kept any more: only version {current.Version} is known.", version is null ? "at" : "version");
        if (!isKept && newer.Count > 0)
            return new Problem(ProblemKind.NotFound, $"The history goes back to version {history[^1].Version}, {DateTimeOffset.FromUnixTimeMilliseconds(history[^1].Time):yyyy-MM-dd HH:mm:ss'Z'}.", version is null ? "at" : "version");
        return newer.Count == 0 ? current : ShadowHistory.Before(current, newer, version ?? past?.Version ?? 0, past?.Time ?? 0);
    }

    /// <summary>Takes back what a version changed of desired and tags; the newest such change when none is named.</summary>
    public async Task<ShadowResult> UndoAsync(ShadowKey key, long? version, string? why, Caller caller, CancellationToken cancellationToken)
    {
        var read = await ReadAsync(key, cancellationToken);
        if (read.Shadow is not { } current)
            return read;
        var history = await HistoryAsync(key, current, cancellationToken);
        var entry = version is { } wanted ? history.FirstOrDefault(e => e.Version == wanted) : history.FirstOrDefault(e => !e.Back.Desired.IsEmpty || !e.Back.Tags.IsEmpty);
        if (entry is null)
            return ShadowResult.Refused(new Problem(ProblemKind.NotFound, version is null ? "There is no change of desired or tags to take back." : $"Version {version} is not in the history, or changed no value.", "version"), current);
        return await writer.RunAsync(
            new ShadowWork(key, ShadowVerb.Update) { Make = now => ShadowHistory.Undo(now, entry, why), Author = Author(caller), Caller = caller }, cancellationToken);
    }

    /// <summary>The names of a device's shadows that are there; the empty one for that without a name.</summary>
    public async Task<IReadOnlyList<string>> NamesAsync(ShadowKey key, CancellationToken cancellationToken) =>
        [.. (await tables.OfDeviceAsync(key.Tenant, key.Device.Value, cancellationToken)).Where(s => !s.Value.IsDeleted).Select(s => ShadowKey.NameOf(s.Key)).Order(StringComparer.Ordinal)];

    private static ShadowAuthor Author(Caller caller) => new(caller.Actor, IsDevice: false);
}
