namespace Strata.Cloud.Contracts;

/// <summary>Usage and quotas.</summary>
public sealed partial class StrataClient
{
    /// <param name="from">ISO 8601 or milliseconds; null for the start of the month.</param>
    /// <param name="every"><c>hour</c>, <c>day</c> or <c>month</c>; null for the sum alone.</param>
    /// <param name="byClass">Keeps device classes apart.</param>
    public Task<UsageInfo> GetUsageAsync(string? from = null, string? to = null, string? every = null, bool byClass = false, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/usage", ("from", from), ("to", to), ("every", every), ("by", byClass ? "class" : null)), Json.UsageInfo, cancellationToken);

    public Task<QuotaInfo> GetQuotasAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/quotas", Json.QuotaInfo, cancellationToken);

    /// <summary>Changes what the tenant may use; for the platform's owner.</summary>
    public Task<QuotaInfo> ChangeQuotasAsync(ChangeQuotas change, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Patch, "api/v1/quotas", Body(change, Json.ChangeQuotas), Json.QuotaInfo, cancellationToken);

    public Task<Page<QuotaPlanInfo>> ListQuotaPlansAsync(CancellationToken cancellationToken = default) =>
        GetAsync("api/v1/quotas/plans", Json.PageQuotaPlanInfo, cancellationToken);

    public Task<QuotaPlanInfo> PutQuotaPlanAsync(string name, PutQuotaPlan plan, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, $"api/v1/quotas/plans/{Escape(name)}", Body(plan, Json.PutQuotaPlan), Json.QuotaPlanInfo, cancellationToken);

    public Task DeleteQuotaPlanAsync(string name, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"api/v1/quotas/plans/{Escape(name)}", null, cancellationToken);
}
