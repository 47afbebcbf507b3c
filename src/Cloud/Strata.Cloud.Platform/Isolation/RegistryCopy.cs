using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>Copies a tenant's rows from place to place, table by table as the models say, and compares them. May be done again.</summary>
public sealed class RegistryCopy(IRegistryDatabase database, TenantTables tables)
{
    /// <summary>
    /// Rows of tables that only grow are copied once; with <paramref name="finish"/>, which is while the tenant's gate is held, the rest is copied as it is, and everything is compared. Returns rows that are in the copy.
    /// </summary>
    /// <exception cref="InvalidDataException">The copy differs.</exception>
    public async Task<long> CopyAsync(TenantId tenant, RegistryPlace from, RegistryPlace to, bool finish, CancellationToken cancellationToken)
    {
        await using var source = await database.OpenRowsAsync(tenant, from, write: false, cancellationToken);
        await using var target = await database.OpenRowsAsync(tenant, to, write: true, cancellationToken);
        long rows = 0;
        if (finish)
            foreach (var table in tables.All.Reverse().Where(t => t.GrowsBy is null && !t.IsAppendOnly))
                await target.RemoveAsync(table, tables.References[table.Name], cancellationToken);
        foreach (var table in tables.All.Where(t => finish || t.GrowsBy is not null))
        {
            var after = table.GrowsBy is null ? null : await target.HighestAsync(table, cancellationToken);
            await target.AddAsync(table, source.ReadAsync(table, cancellationToken, after), skipKnown: table.IsAppendOnly, cancellationToken);
            if (!finish)
                continue;
            if (!await SameAsync(table, source, target, cancellationToken))
            {
                // Retention has taken records away meanwhile, or an earlier copy was older: the table is copied whole.
                await target.RemoveAsync(table, tables.References[table.Name], cancellationToken);
                await target.AddAsync(table, source.ReadAsync(table, cancellationToken), skipKnown: false, cancellationToken);
                if (!await SameAsync(table, source, target, cancellationToken))
                    throw new InvalidDataException($"The copy of the table {table.Name} of {tenant} differs from what it was copied from; it is made anew.");
            }
            await foreach (var row in target.ReadAsync(table, cancellationToken))
                rows++;
        }
        await target.CommitAsync(cancellationToken);
        return rows;
    }

    private static async Task<bool> SameAsync(TenantTable table, RegistryRows source, RegistryRows target, CancellationToken cancellationToken)
    {
        await using var there = source.ReadAsync(table, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var here = target.ReadAsync(table, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            var (more, also) = (await there.MoveNextAsync(), await here.MoveNextAsync());
            if (more != also)
                return false;
            if (!more)
                return true;
            for (var i = 0; i < table.Columns.Count; i++)
                if (!(there.Current[i] is byte[] bytes ? here.Current[i] is byte[] others && bytes.AsSpan().SequenceEqual(others) : Equals(there.Current[i], here.Current[i])))
                    return false;
        }
    }
}
