using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Platform.Audit;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>The tenants' data keys: made, loaded, wrapped anew and destroyed. One change at a time.</summary>
/// <param name="others">Who else keeps keys that the installation's key wraps.</param>
public sealed class DataKeys(IRegistryDatabase database, IInstallationKey installation, IEnumerable<IWrappedKeys> others, TimeProvider time) : IDisposable
{
    private readonly DbContextOptions<AuditDbContext> options = database.OptionsFor<AuditDbContext>("audit_migrations");
    private readonly SemaphoreSlim changing = new(1, 1);

    /// <summary>Unwraps the keys of a tenant. Without them its protected fields cannot be read.</summary>
    /// <exception cref="InstallationKeyException">The installation's key is not the one that wrapped them.</exception>
    public async Task LoadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        foreach (var row in await RowsAsync(tenant, cancellationToken))
        {
            var key = new DataKey(row.Id, await installation.UnwrapAsync(row.WrappedBy, row.Wrapped, Place(tenant, row.Id), cancellationToken));
            database.Keys.Add(tenant, key);
            if (row.IsActive)
                database.Keys.Activate(tenant, key);
        }
    }

    /// <summary>A new key, which seals from now on; the older ones open until they are removed.</summary>
    public async Task AddAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            var key = new DataKey(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SealedField.KeyIdLength / 2)), RandomNumberGenerator.GetBytes(SealedField.KeyLength));
            var wrapping = await installation.CurrentAsync(cancellationToken);
            var row = new TenantKeyRow
            {
                TenantId = tenant.Value, Id = key.Id, IsActive = true, Created = time.GetUtcNow(), WrappedBy = wrapping,
                Wrapped = await installation.WrapAsync(wrapping, key.Bytes, Place(tenant, key.Id), cancellationToken),
            };
            var before = await RowsAsync(tenant, cancellationToken);
            await using var context = new AuditDbContext(options, tenant);
            context.Add(row);
            context.UpdateRange(before.Where(k => k.IsActive).Select(k => k with { IsActive = false }));
            await context.SaveChangesAsync(cancellationToken);
            database.Keys.Add(tenant, key);
            database.Keys.Activate(tenant, key);
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>A new key for a tenant that is being brought in: it seals from now on, and is to be written with the tenant's rows.</summary>
    internal async Task<TenantKeyRow> MakeAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var key = new DataKey(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SealedField.KeyIdLength / 2)), RandomNumberGenerator.GetBytes(SealedField.KeyLength));
        var wrapping = await installation.CurrentAsync(cancellationToken);
        var wrapped = await installation.WrapAsync(wrapping, key.Bytes, Place(tenant, key.Id), cancellationToken);
        database.Keys.Add(tenant, key);
        database.Keys.Activate(tenant, key);
        return new TenantKeyRow { TenantId = tenant.Value, Id = key.Id, IsActive = true, Created = time.GetUtcNow(), WrappedBy = wrapping, Wrapped = wrapped };
    }

    /// <summary>The row as a table keeps it.</summary>
    internal static object?[] Values(TenantKeyRow row, TenantTable table)
    {
        var values = new object?[table.Columns.Count];
        foreach (var (column, value) in new (string, object)[]
        {
            ("tenant_id", row.TenantId), ("id", row.Id), ("wrapped", row.Wrapped), ("wrapped_by", row.WrappedBy), ("is_active", row.IsActive), ("created", Core.Telemetry.EventTime.From(row.Created)),
        })
            values[table.At(column)] = value;
        return values;
    }

    /// <summary>Lets go of keys that were never written.</summary>
    internal void Forget(TenantId tenant)
    {
        if (database.Keys.Active(tenant) is not { } key)
            return;
        database.Keys.Activate(tenant, null);
        database.Keys.Forget(tenant, key.Id);
    }

    /// <summary>Nothing is sealed from now on; what is sealed can still be opened.</summary>
    public async Task DeactivateAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            await using var context = new AuditDbContext(options, tenant);
            context.UpdateRange((await RowsAsync(tenant, cancellationToken)).Where(k => k.IsActive).Select(k => k with { IsActive = false }));
            await context.SaveChangesAsync(cancellationToken);
            database.Keys.Activate(tenant, null);
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>Removes the keys that seal nothing any more.</summary>
    public async Task RetireAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            await RemoveAsync(tenant, k => !k.IsActive, cancellationToken);
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>
    /// Wraps all data keys, and what others keep wrapped, with a new key of the installation and destroys the older ones. The data keys stay, so that nothing is sealed anew. Interrupted, it is done again.
    /// </summary>
    /// <param name="progress">Tenants done.</param>
    public async Task RotateInstallationKeyAsync(IReadOnlyList<TenantId> tenants, Action<int> progress, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            var old = new HashSet<string> { await installation.CurrentAsync(cancellationToken) };
            var current = await installation.RotateAsync(cancellationToken);
            for (var i = 0; i < tenants.Count; i++)
            {
                var tenant = tenants[i];
                await using var context = new AuditDbContext(options, tenant);
                foreach (var row in (await RowsAsync(tenant, cancellationToken)).Where(r => r.WrappedBy != current))
                {
                    old.Add(row.WrappedBy);
                    var key = await installation.UnwrapAsync(row.WrappedBy, row.Wrapped, Place(tenant, row.Id), cancellationToken);
                    context.Update(row with { WrappedBy = current, Wrapped = await installation.WrapAsync(current, key, Place(tenant, row.Id), cancellationToken) });
                    CryptographicOperations.ZeroMemory(key);
                }
                await context.SaveChangesAsync(cancellationToken);
                progress(i + 1);
            }
            foreach (var slice in others)
                old.UnionWith(await slice.WrapAnewAsync(current, cancellationToken));
            foreach (var id in old.Where(id => id != current))
                await installation.DestroyAsync(id, cancellationToken);
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>
    /// Destroys all keys of a tenant, here and in every copy of the database: its wrapped keys go, the installation's key is rotated and the one that wrapped them destroyed. What they
    /// sealed cannot be read by anybody any more.
    /// </summary>
    public async Task ShredAsync(TenantId tenant, IReadOnlyList<TenantId> all, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            database.Keys.Activate(tenant, null);
            await RemoveAsync(tenant, _ => true, cancellationToken);
        }
        finally
        {
            changing.Release();
        }
        await RotateInstallationKeyAsync(all, static _ => { }, cancellationToken);
    }

    public void Dispose() => changing.Dispose();

    private async Task RemoveAsync(TenantId tenant, Func<TenantKeyRow, bool> which, CancellationToken cancellationToken)
    {
        var gone = (await RowsAsync(tenant, cancellationToken)).Where(which).ToList();
        await using var context = new AuditDbContext(options, tenant);
        context.RemoveRange(gone);
        await context.SaveChangesAsync(cancellationToken);
        gone.ForEach(k => database.Keys.Forget(tenant, k.Id));
    }

    private async Task<List<TenantKeyRow>> RowsAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = new AuditDbContext(options, tenant);
        return await context.ReadAllAsync<TenantKeyRow>(cancellationToken);
    }

    private static string Place(TenantId tenant, string id) => $"strata data key {tenant} {id}";
}
