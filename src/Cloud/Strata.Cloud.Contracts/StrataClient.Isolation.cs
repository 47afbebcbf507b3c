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
}
