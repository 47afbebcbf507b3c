using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform;

/// <summary>Where tenants' rows are: in the shared file, or each in a file of its own in <c>tenants/ID/</c>.</summary>
public sealed partial class RegistryFile
{
    private readonly ConcurrentDictionary<TenantId, string> own = new();

    public bool IsApart(TenantId tenant) => own.ContainsKey(tenant);

    public void Place(TenantId tenant, bool apart)
    {
        if (!apart)
        {
            own.TryRemove(tenant, out _);
            return;
        }
        var path = OwnPath(tenant);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!, OwnerOnly | UnixFileMode.UserExecute);
        Create(path, FileShare.ReadWrite).Dispose();
        own[tenant] = ConnectionTo(path);
    }

    /// <summary>Rewrites the tenant's file without what is in no row, and empties its log. Waits for nobody: when a reader is in the way the rest goes with the next checkpoint.</summary>
    public async Task ScrubAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var connection = new SqliteConnection(own.GetValueOrDefault(tenant) ?? ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await ExecuteAsync(connection, "PRAGMA secure_delete = ON", cancellationToken);
        await ExecuteAsync(connection, "VACUUM", cancellationToken);
        await ExecuteAsync(connection, "PRAGMA wal_checkpoint(TRUNCATE)", cancellationToken);
    }

    /// <summary>The folder of a tenant that has its own files.</summary>
    public string OwnFolder(TenantId tenant) => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, "tenants", tenant.Value);

    private string OwnPath(TenantId tenant) => System.IO.Path.Combine(OwnFolder(tenant), "registry.db");

    private static string ConnectionTo(string path) =>
        new SqliteConnectionStringBuilder { DataSource = path, ForeignKeys = true, DefaultTimeout = 10, Pooling = true }.ToString();
}
