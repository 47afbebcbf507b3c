namespace Strata.Cloud.Contracts;

/// <summary>Isolation levels of tenants, and the installation's key.</summary>
public sealed partial class StrataClient
{
    public Task<IsolationInfo> GetIsolationAsync(string tenant, CancellationToken cancellationToken = default) =>
        GetAsync($"api/v1/tenants/{Escape(tenant)}/isolation", Json.IsolationInfo, cancellationToken);

    /// <summary>Begins a change; it goes on when this has returned, and after a restart of the node.</summary>
    public Task<IsolationInfo> ChangeIsolationAsync(string tenant, ChangeIsolation change, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/tenants/{Escape(tenant)}/isolation", Body(change, Json.ChangeIsolation), Json.IsolationInfo, cancellationToken);

    public Task<Page<IsolationInfo>> ListIsolationAsync(string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/isolation", ("cursor", cursor), ("limit", limit)), Json.PageIsolationInfo, cancellationToken);

    /// <summary>Wraps all data keys with a new key of the installation and destroys the old one.</summary>
    public Task<RotatedKey> RotateInstallationKeyAsync(CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/installation-key/rotation", null, Json.RotatedKey, cancellationToken);

    /// <summary>Destroys the tenant's keys, then everything it has, and the tenant.</summary>
    public Task ShredTenantAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"api/v1/tenants/{Escape(id)}?shred=true", null, cancellationToken);

    /// <summary>Removes a disabled tenant with everything it has; with its keys when it has some.</summary>
    public Task PurgeTenantAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"api/v1/tenants/{Escape(id)}?purge=true", null, cancellationToken);

    /// <summary>Writes the whole tenant, sealed with the key, while it is served.</summary>
    /// <param name="final">Disables the tenant first, so that nothing comes after it.</param>
    /// <exception cref="HttpRequestException">The node broke off: what was written is no archive.</exception>
    public async Task ExportTenantAsync(string id, byte[] key, bool final, Stream target, CancellationToken cancellationToken = default)
    {
        using var response = await RequestAsync(
            HttpMethod.Post, Query($"api/v1/tenants/{Escape(id)}/export", ("final", final ? true : null)), Keyed(new ByteArrayContent([]), key), ArchiveType, cancellationToken);
        await response.Content.CopyToAsync(target, cancellationToken);
    }

    /// <summary>Brings a tenant in; nothing of it is there when this fails.</summary>
    public Task<ImportedTenant> ImportTenantAsync(Stream archive, byte[] key, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/tenants/import", Keyed(new StreamContent(archive, 1 << 16) { Headers = { ContentType = new(ArchiveType) } }, key), Json.ImportedTenant, cancellationToken);

    /// <summary>The key of an archive, base64.</summary>
    public const string ArchiveKeyHeader = "Strata-Archive-Key";

    public const string ArchiveType = "application/vnd.strata.tenant";

    private static HttpContent Keyed(HttpContent content, byte[] key)
    {
        content.Headers.Add(ArchiveKeyHeader, Convert.ToBase64String(key));
        return content;
    }
}
