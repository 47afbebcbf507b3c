namespace Strata.Cloud.Contracts;

/// <summary>Shares: what applications read of a tenant, and what a tenant was given to read.</summary>
public sealed partial class StrataClient
{
    public Task<Page<ShareInfo>> ListSharesAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/shares", Json.PageShareInfo, cancellationToken);

    /// <summary>What other tenants let this one's applications read.</summary>
    public Task<Page<ShareInfo>> ListReceivedSharesAsync(CancellationToken cancellationToken = default) =>
        GetAsync("api/v1/shares/received", Json.PageShareInfo, cancellationToken);

    public Task<ShareInfo> CreateShareAsync(CreateShare request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/shares", Body(request, Json.CreateShare), Json.ShareInfo, cancellationToken);

    /// <summary>Ends a share at once, with all its tokens and what was opened with them.</summary>
    public Task RevokeShareAsync(string name, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"api/v1/shares/{Escape(name)}", null, cancellationToken);

    /// <param name="ofTenant">Whose share it is, when it was received; null for one of the tenant's own.</param>
    public Task<CreatedToken> CreateShareTokenAsync(string name, CreateShareToken request, string? ofTenant = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"{ShareTokens(name, ofTenant)}", Body(request, Json.CreateShareToken), Json.CreatedToken, cancellationToken);

    /// <summary>Ends one token of a share.</summary>
    public Task RevokeShareTokenAsync(string name, string id, string? ofTenant = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"{ShareTokens(name, ofTenant)}/{Escape(id)}", null, cancellationToken);

    /// <summary>What the caller's own token reads by.</summary>
    public Task<ShareInfo> GetOwnShareAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/shares/own", Json.ShareInfo, cancellationToken);

    private static string ShareTokens(string name, string? ofTenant) => ofTenant is null
        ? $"api/v1/shares/{Escape(name)}/tokens"
        : $"api/v1/shares/received/{Escape(ofTenant)}/{Escape(name)}/tokens";
}
