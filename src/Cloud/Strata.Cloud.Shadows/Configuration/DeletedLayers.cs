using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Shadows.Rows;

namespace Strata.Cloud.Shadows.Configuration;

/// <summary>
/// Versions of a tenant's layers that were deleted: the end of a layer counts as a change of it, and one that is made again counts on, so that no version means two things. Of the last
/// <see cref="ConfigurationStore.Most"/>; an older one begins anew.
/// </summary>
/// <param name="rows">By their layers.</param>
internal sealed class DeletedLayers(Dictionary<string, DeletedLayerRow> rows)
{
    public static async Task<DeletedLayers> ReadAsync(ShadowsDbContext context, CancellationToken cancellationToken) =>
        new(await context.DeletedLayers.AsNoTracking().ToDictionaryAsync(l => l.Id, StringComparer.Ordinal, cancellationToken));

    /// <param name="row">The layer as it is; null where it is not there.</param>
    public long VersionOf(string layer, ConfigurationLayerRow? row) => row?.Version ?? rows.GetValueOrDefault(layer)?.Version ?? 0;

    /// <summary>What is to be written beside the end of the layers.</summary>
    public List<(object? Before, object? After)> Add(IReadOnlyCollection<ConfigurationLayerRow> gone, DateTimeOffset now)
    {
        var before = rows.ToDictionary(StringComparer.Ordinal);
        foreach (var layer in gone)
            rows[layer.Id] = new DeletedLayerRow { TenantId = layer.TenantId, Id = layer.Id, Version = layer.Version + 1, Deleted = now };
        foreach (var old in rows.Values.OrderBy(l => l.Deleted).ThenBy(l => l.Id, StringComparer.Ordinal).Take(rows.Count - ConfigurationStore.Most).ToList())
            rows.Remove(old.Id);
        return [.. before.Keys.Union(rows.Keys).Select(id => ((object?)before.GetValueOrDefault(id), (object?)rows.GetValueOrDefault(id))).Where(r => !ReferenceEquals(r.Item1, r.Item2))];
    }
}
