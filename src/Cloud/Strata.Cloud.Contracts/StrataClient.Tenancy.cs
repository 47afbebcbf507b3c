using System.Runtime.CompilerServices;

namespace Strata.Cloud.Contracts;

/// <summary>Tenants, tokens, roles and the audit trail.</summary>
public sealed partial class StrataClient
{
    public Task<Page<TenantInfo>> ListTenantsAsync(string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/tenants", ("cursor", cursor), ("limit", limit)), Json.PageTenantInfo, cancellationToken);

    public Task<TenantInfo> GetTenantAsync(string id, CancellationToken cancellationToken = default) =>
        GetAsync($"api/v1/tenants/{Escape(id)}", Json.TenantInfo, cancellationToken);

    public Task<CreatedTenant> CreateTenantAsync(CreateTenant request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/tenants", Body(request, Json.CreateTenant), Json.CreatedTenant, cancellationToken);

    public Task<TenantInfo> ChangeTenantAsync(string id, ChangeTenant change, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Patch, $"api/v1/tenants/{Escape(id)}", Body(change, Json.ChangeTenant), Json.TenantInfo, cancellationToken);

    /// <summary>Deletes a tenant that has nothing any more.</summary>
    public Task DeleteTenantAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"api/v1/tenants/{Escape(id)}", null, cancellationToken);

    /// <param name="search">The beginning of a token, or part of its name.</param>
    public Task<Page<TokenInfo>> ListTokensAsync(string? search = null, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/tokens", ("search", search), ("cursor", cursor), ("limit", limit)), Json.PageTokenInfo, cancellationToken);

    public Task<CreatedToken> CreateTokenAsync(CreateToken request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/tokens", Body(request, Json.CreateToken), Json.CreatedToken, cancellationToken);

    /// <summary>Ends a token at once, with what was opened with it.</summary>
    public Task RevokeTokenAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"api/v1/tokens/{Escape(id)}", null, cancellationToken);

    public Task<Page<RoleInfo>> ListRolesAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/roles", Json.PageRoleInfo, cancellationToken);

    public Task<RoleInfo> CreateRoleAsync(CreateRole request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/roles", Body(request, Json.CreateRole), Json.RoleInfo, cancellationToken);

    public Task DeleteRoleAsync(string name, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"api/v1/roles/{Escape(name)}", null, cancellationToken);

    /// <summary>Records, newest first.</summary>
    public Task<Page<AuditRecord>> ListAuditAsync(AuditQuery? query = null, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(
            Query("api/v1/audit", ("actor", query?.Actor), ("action", query?.Action), ("kind", query?.Kind), ("id", query?.Id), ("from", query?.From), ("to", query?.To), ("cursor", cursor), ("limit", limit)),
            Json.PageAuditRecord, cancellationToken);

    public Task<AuditVerification> VerifyAuditAsync(CancellationToken cancellationToken = default) =>
        GetAsync("api/v1/audit/verification", Json.AuditVerification, cancellationToken);

    /// <summary>All records, oldest first, as lines of JSON.</summary>
    public async IAsyncEnumerable<string> ExportAuditAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var response = await RequestAsync(HttpMethod.Get, "api/v1/audit/export", null, "application/x-ndjson", cancellationToken);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
            yield return line;
    }
}
