namespace Strata.Cloud.Contracts;

/// <summary>The fleet's health.</summary>
public sealed partial class StrataClient
{
    /// <param name="site">This place and below.</param>
    /// <param name="by"><c>site</c>, <c>sku</c>, <c>firmware</c> or <c>gateway</c>; null for no groups.</param>
    public Task<FleetReportInfo> GetFleetReportAsync(string? site = null, string? by = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/fleet/report", ("site", site), ("by", by)), Json.FleetReportInfo, cancellationToken);

    /// <summary>The devices behind a report's counts, in order of their ids; null is any.</summary>
    public Task<Page<FleetDeviceInfo>> ListFleetDevicesAsync(FleetDevicesQuery query, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(
            Query("api/v1/fleet/devices", ("bucket", query.Bucket), ("reason", query.Reason), ("site", query.Site), ("sku", query.Sku), ("firmware", query.Firmware), ("gateway", query.Gateway), ("cursor", cursor), ("limit", limit)),
            Json.PageFleetDeviceInfo, cancellationToken);

    /// <param name="days">1 to 400.</param>
    public Task<Page<FleetTrendInfo>> GetFleetTrendAsync(int days = 30, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/fleet/trend", ("days", days)), Json.PageFleetTrendInfo, cancellationToken);

    public Task<HealthPolicyInfo> GetHealthPolicyAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/fleet/policy", Json.HealthPolicyInfo, cancellationToken);

    public Task<HealthPolicyInfo> ChangeHealthPolicyAsync(HealthPolicyInfo change, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Patch, "api/v1/fleet/policy", Body(change, Json.HealthPolicyInfo), Json.HealthPolicyInfo, cancellationToken);
}

/// <summary>Which devices of a fleet report; null is any.</summary>
public sealed record FleetDevicesQuery(string? Bucket = null, string? Reason = null, string? Site = null, string? Sku = null, string? Firmware = null, string? Gateway = null);
