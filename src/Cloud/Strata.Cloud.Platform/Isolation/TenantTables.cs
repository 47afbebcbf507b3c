using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>The tables of all slices that have rows of tenants, out of their models: whoever copies, exports or removes a tenant finds a new one by itself.</summary>
public sealed class TenantTables(IRegistryDatabase database, IEnumerable<RegistryPart> parts)
{
    private List<TenantTable>? all;

    /// <summary>Each after those that its rows refer to. Without the placement, which says where the rest is and stays where it is.</summary>
    internal IReadOnlyList<TenantTable> All => all ??= Find();

    /// <summary>What goes along to another installation.</summary>
    internal IReadOnlyList<TenantTable> Travelling => [.. All.Where(t => !t.Row.IsDefined(typeof(OfInstallationAttribute), inherit: false))];

    /// <summary>Columns of a table that refer to rows of the same one and may be empty.</summary>
    internal IReadOnlyDictionary<string, IReadOnlyList<string>> References { get; private set; } = new Dictionary<string, IReadOnlyList<string>>();

    private List<TenantTable> Find()
    {
        var entities = new Dictionary<string, IEntityType>(StringComparer.Ordinal);
        foreach (var part in parts)
        {
            using var context = part.Create(database, TenantId.Main);
            foreach (var entity in context.Model.GetEntityTypes().Where(e => e.ClrType.IsAssignableTo(typeof(ITenantRow)) && e.ClrType != typeof(TenantPlacementRow)))
                entities.TryAdd(entity.GetTableName()!, entity);
        }
        var ordered = new List<IEntityType>();
        while (ordered.Count < entities.Count)
        {
            var done = ordered.Select(e => e.GetTableName()).ToHashSet(StringComparer.Ordinal);
            var next = entities.Values.Where(e => !done.Contains(e.GetTableName()) && e.GetForeignKeys().All(f => f.PrincipalEntityType.GetTableName() == e.GetTableName() || done.Contains(f.PrincipalEntityType.GetTableName())))
                .OrderBy(e => e.GetTableName(), StringComparer.Ordinal).ToList();
            ordered.AddRange(next.Count > 0 ? next : throw new InvalidOperationException("Tables of the registry refer to each other in a circle."));
        }
        References = ordered.ToDictionary(
            e => e.GetTableName()!,
            IReadOnlyList<string> (e) => [.. e.GetForeignKeys().Where(f => f.PrincipalEntityType == e).SelectMany(f => f.Properties).Where(p => p.IsNullable).Select(p => p.GetColumnName())], StringComparer.Ordinal);
        return ordered.ConvertAll(TenantTable.Of);
    }
}
