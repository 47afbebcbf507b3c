using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;
using Strata.Cloud.Provisioning.Rows;
using Strata.Core;
using Strata.Core.Provisioning;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Provisioning.Enrolment;

/// <summary>The keys of enrolment groups, and of hooks: made here, kept wrapped with the installation's key, opened when they are needed. Any thread.</summary>
internal sealed class GroupKeys(ProvisioningStore store, IInstallationKey installation) : IWrappedKeys
{
    private readonly ConcurrentDictionary<(TenantId, string), (byte[] Wrapped, byte[] Key)> opened = new();

    /// <summary>A new key, and as a row keeps it.</summary>
    public async Task<(byte[] Key, byte[] Wrapped, string By)> MakeAsync(TenantId tenant, string name, CancellationToken cancellationToken)
    {
        var key = RandomNumberGenerator.GetBytes(EnrolmentProof.KeyLength);
        var by = await installation.CurrentAsync(cancellationToken);
        return (key, await installation.WrapAsync(by, [.. key], Place(tenant, name), cancellationToken), by);
    }

    /// <exception cref="InstallationKeyException">It cannot be unwrapped.</exception>
    public async ValueTask<byte[]> OpenAsync(TenantId tenant, EnrolmentGroupRow row, CancellationToken cancellationToken)
    {
        if (opened.TryGetValue((tenant, row.Name), out var known) && known.Wrapped.AsSpan().SequenceEqual(row.Key))
            return known.Key;
        var key = await installation.UnwrapAsync(row.WrappedBy, row.Key, Place(tenant, row.Name), cancellationToken);
        opened[(tenant, row.Name)] = (row.Key, key);
        return key;
    }

    public async Task<IReadOnlyCollection<string>> WrapAnewAsync(string current, CancellationToken cancellationToken)
    {
        var before = new HashSet<string>();
        foreach (var tenant in await store.TenantsAsync("to wrap the keys of enrolment groups anew", cancellationToken))
        {
            var done = await store.ChangeAsync<int>(Caller.Node(tenant), async (context, _, stop) =>
            {
                var rows = new List<(object?, object?)>();
                foreach (var row in await context.EnrolmentGroups.AsNoTracking().Where(g => g.WrappedBy != current && g.WrappedBy != "").ToListAsync(stop))
                {
                    before.Add(row.WrappedBy);
                    var key = await installation.UnwrapAsync(row.WrappedBy, row.Key, Place(tenant, row.Name), stop);
                    rows.Add((row, row with { WrappedBy = current, Key = await installation.WrapAsync(current, key, Place(tenant, row.Name), stop) }));
                }
                return new DecidedChange<int>(rows.Count, rows, "rewrap", "enrolment-group", "*", null, new { keys = rows.Count });
            }, cancellationToken);
            if (!done.IsOk)
                throw new InstallationKeyException($"The keys of {tenant}'s enrolment groups cannot be wrapped anew: {done.Problem.Detail}");
        }
        return before;
    }

    private static string Place(TenantId tenant, string name) => $"strata enrolment group {tenant} {name}";
}

/// <summary>The key with which a tenant's allocation hooks are signed; made when it is first needed.</summary>
internal sealed class HookKeys(ProvisioningStore store, GroupKeys keys)
{
    /// <summary>Kept beside the groups, under a name that none of them can have.</summary>
    internal const string RowName = "-hook";

    public async Task<byte[]> GetAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using (var context = store.Create(tenant))
        {
            if (await context.EnrolmentGroups.AsNoTracking().FirstOrDefaultAsync(g => g.Name == RowName, cancellationToken) is { } row)
                return await keys.OpenAsync(tenant, row, cancellationToken);
        }
        var made = await RenewAsync(Caller.Node(tenant), replace: false, cancellationToken);
        return made.IsOk ? made.Value : throw new InstallationKeyException($"The key of hooks cannot be kept: {made.Problem.Detail}");
    }

    /// <param name="replace">Whether one that is there is replaced.</param>
    public async Task<Outcome<byte[]>> RenewAsync(Caller caller, bool replace, CancellationToken cancellationToken)
    {
        var (key, wrapped, by) = await keys.MakeAsync(caller.Tenant, RowName, cancellationToken);
        return await store.ChangeAsync<byte[]>(caller, async (context, now, stop) =>
        {
            var before = await context.EnrolmentGroups.AsNoTracking().FirstOrDefaultAsync(g => g.Name == RowName, stop);
            if (before is not null && !replace)
                return DecidedChange.None(await keys.OpenAsync(caller.Tenant, before, stop));
            var row = new EnrolmentGroupRow { TenantId = caller.Tenant.Value, Name = RowName, Method = "hook", IsEnabled = true, Allow = "", Deny = "", Key = wrapped, WrappedBy = by, Changed = now };
            return new DecidedChange<byte[]>(key, [(before, row)], before is null ? "create" : "renew", "hook-key", "hook", null, null);
        }, cancellationToken);
    }
}
