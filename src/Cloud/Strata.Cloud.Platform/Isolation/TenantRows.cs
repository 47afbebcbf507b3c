using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>All rows of a tenant in all slices' tables, as the models say.</summary>
public sealed class TenantRows(IRegistryDatabase database, IEnumerable<RegistryPart> parts)
{
    /// <summary>What stays when a tenant's rows go: that it was there, and where.</summary>
    private static readonly Type[] Directory = [typeof(TenantRow), typeof(TenantPlacementRow)];

    /// <summary>Deletes all rows in one transaction, its keys among them, so that no sealed row is ever without its key. Returns rows deleted.</summary>
    public async Task<int> RemoveAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var part = parts.First();
        await using var context = part.Create(database, tenant);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var rows = 0;
        // What is written once stays, as the node has no right to take it away: it names amounts and months, and nobody of the tenant.
        foreach (var entity in Tables().Where(e => !e.ClrType.IsAssignableTo(typeof(IAppendOnlyRow))))
        {
            var table = entity.GetTableName()!;
            // A place refers to the one that holds it: the rows let go of each other before they go.
            foreach (var column in entity.GetForeignKeys().Where(f => f.PrincipalEntityType == entity).SelectMany(f => f.Properties).Where(p => p.IsNullable))
                await RunAsync(context, $"UPDATE \"{table}\" SET \"{column.GetColumnName()}\" = NULL WHERE tenant_id = {{0}}", tenant, cancellationToken);
            rows += await RunAsync(context, $"DELETE FROM \"{table}\" WHERE tenant_id = {{0}}", tenant, cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
        return rows;
    }

    /// <summary>Tables that refer to others first.</summary>
    private List<IEntityType> Tables()
    {
        var all = new Dictionary<string, IEntityType>(StringComparer.Ordinal);
        foreach (var part in parts)
        {
            using var context = part.Create(database, TenantId.Main);
            foreach (var entity in context.Model.GetEntityTypes().Where(e => e.ClrType.IsAssignableTo(typeof(ITenantRow)) && !Directory.Contains(e.ClrType)))
                all.TryAdd(entity.GetTableName()!, entity);
        }
        var ordered = new List<IEntityType>();
        while (ordered.Count < all.Count)
        {
            var free = all.Values.Where(e => !ordered.Contains(e) && !all.Values.Any(other => other != e && !ordered.Contains(other) && other.GetForeignKeys().Any(f => f.PrincipalEntityType.GetTableName() == e.GetTableName()))).ToList();
            ordered.AddRange(free.Count > 0 ? free : throw new InvalidOperationException("Tables of the registry refer to each other in a circle."));
        }
        return ordered;
    }

#pragma warning disable EF1002 // Names of the model's tables; the tenant is a parameter.
    private static Task<int> RunAsync(StrataDbContext context, string sql, TenantId tenant, CancellationToken cancellationToken) =>
        context.Database.ExecuteSqlRawAsync(sql, [tenant.Value], cancellationToken);
#pragma warning restore EF1002
}
