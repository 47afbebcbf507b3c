using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Artifacts.Content;
using Strata.Cloud.Artifacts.Rows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Platform.Updates;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Manifests;

namespace Strata.Cloud.Artifacts;

/// <summary>The slice's tables, and what they hold in memory: a shelf for each tenant.</summary>
internal sealed class ArtifactsStore(IRegistryDatabase database, ContentFolder folder, ContentPins pins, ArtifactsOptions options, AuditNumbers numbers, TenantNews news, TimeProvider time, ILogger<ArtifactsStore> logger)
    : AuditedStore<ArtifactsDbContext>(database, ArtifactsDbContext.MigrationsTable, static (context, tenant) => new ArtifactsDbContext(context, tenant), numbers, time, logger), IArtifacts
{
    private readonly ConcurrentDictionary<TenantId, ArtifactShelf> shelves = new();

    public ArtifactShelf Shelf(TenantId tenant) => shelves.GetValueOrDefault(tenant) ?? ArtifactShelf.Empty;

    public ArtifactFacts? Find(TenantId tenant, string id) => Shelf(tenant).Artifacts.GetValueOrDefault(id)?.Facts;

    public ArtifactFacts? FindVersion(TenantId tenant, string component, string version, string model) =>
        Shelf(tenant).Artifacts.Values.Select(a => a.Facts).Where(f => f.Component == component && f.Models.Contains(model, StringComparer.Ordinal) && UpdateVersion.Same(f.Version, version))
            .OrderBy(f => f.Version == version ? 0 : 1).ThenBy(f => f.Id, StringComparer.Ordinal).FirstOrDefault();

    public IReadOnlyList<ArtifactFacts> All(TenantId tenant) => [.. Shelf(tenant).InOrder.Select(a => a.Facts)];

    /// <summary>Makes tables ready, loads, and removes files that nobody has.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        await PrepareAsync(cancellationToken);
        foreach (var tenant in await TenantsAsync("which artifacts there are", cancellationToken))
            await LoadAsync(tenant, cancellationToken);
        folder.Sweep(IsHad);
    }

    public async Task LoadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        var deltas = (await context.ReadAllAsync<DeltaRow>(cancellationToken)).ToLookup(d => d.Artifact, StringComparer.Ordinal);
        var artifacts = await context.ReadAllAsync<ArtifactRow>(cancellationToken);
        var keys = await context.ReadAllAsync<ArtifactKeyRow>(cancellationToken);
        shelves[tenant] = new ArtifactShelf(
            artifacts.ToImmutableDictionary(a => a.Id, a => ShelvedArtifact.Of(a, deltas[a.Id], options), StringComparer.Ordinal),
            (await context.ReadAllAsync<ContentRow>(cancellationToken)).ToImmutableDictionary(c => c.Sha256, StringComparer.Ordinal),
            keys.ToImmutableSortedDictionary(k => k.Id, k => k, StringComparer.Ordinal),
            (await context.ReadAllAsync<ArtifactPolicyRow>(cancellationToken)).SingleOrDefault()?.Threshold ?? 1);
    }

    /// <summary>Follows a change that was written, on its turn.</summary>
    public void Follow(TenantId tenant, Func<ArtifactShelf, ArtifactShelf> change) => shelves[tenant] = change(Shelf(tenant));

    /// <summary>Removes the files that no tenant has any more.</summary>
    public void RemoveFiles(IEnumerable<string> hashes)
    {
        foreach (var sha256 in hashes)
        {
            pins.Remove(sha256, gone =>
            {
                if (!IsHad(gone) && folder.Find(gone) is not null)
                    folder.Delete(gone);
            });
        }
    }

    public void Forget(TenantId tenant)
    {
        if (shelves.TryRemove(tenant, out var shelf))
            RemoveFiles(shelf.Contents.Keys);
    }

    protected override void OnWritten(AuditRow record)
    {
        if (record.Kind == "artifact")
            news.Tell(record, "artifacts");
    }

    private bool IsHad(string sha256) => shelves.Values.Any(s => s.Contents.ContainsKey(sha256));
}

/// <summary>What a tenant has, of one moment.</summary>
/// <param name="Contents">By hash.</param>
/// <param name="Threshold">How many keys must have signed.</param>
internal sealed record ArtifactShelf(
    ImmutableDictionary<string, ShelvedArtifact> Artifacts, ImmutableDictionary<string, ContentRow> Contents, ImmutableSortedDictionary<string, ArtifactKeyRow> Keys, int Threshold)
{
    public static ArtifactShelf Empty { get; } = new(
        ImmutableDictionary.Create<string, ShelvedArtifact>(StringComparer.Ordinal), ImmutableDictionary.Create<string, ContentRow>(StringComparer.Ordinal), ImmutableSortedDictionary.Create<string, ArtifactKeyRow>(StringComparer.Ordinal), 1);

    public KeyRing Ring => new([.. Keys.Values.Select(k => new TrustedKey(k.Id, k.Algorithm, k.PublicKey, k.NotBefore, k.NotAfter))], Threshold);

    public long Bytes => Contents.Values.Sum(c => c.Size);

    /// <summary>By component, then from the newest version to the oldest, then by id.</summary>
    public IEnumerable<ShelvedArtifact> InOrder => Artifacts.Values.Order(Comparer<ShelvedArtifact>.Create(static (a, b) =>
        string.CompareOrdinal(a.Facts.Component, b.Facts.Component) is not 0 and var component ? component
        : UpdateVersion.Compare(b.Facts.Version, a.Facts.Version) is not 0 and var version ? version
        : string.CompareOrdinal(a.Facts.Id, b.Facts.Id)));

    /// <summary>Whether an artifact or a patch of one has these bytes.</summary>
    public bool IsNamed(string sha256) => Artifacts.Values.Any(a => a.Facts.Sha256 == sha256 || a.Facts.Deltas.Any(d => d.Sha256 == sha256));
}
