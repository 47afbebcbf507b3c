namespace Strata.Cloud.Contracts;

/// <summary>Work orders, maintenance windows, what is to be expected.</summary>
public sealed partial class StrataClient
{
    /// <summary>Those that are due first, first; null is any, and no state is what is not over.</summary>
    public Task<Page<WorkOrderInfo>> ListWorkOrdersAsync(string? state = null, string? site = null, string? assignee = null, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/workorders", ("state", state), ("site", site), ("assignee", assignee), ("cursor", cursor), ("limit", limit)), Json.PageWorkOrderInfo, cancellationToken);

    public Task<WorkOrderInfo> GetWorkOrderAsync(string id, CancellationToken cancellationToken = default) => GetAsync($"api/v1/workorders/{Escape(id)}", Json.WorkOrderInfo, cancellationToken);

    public Task<Page<WorkOrderInfo>> CreateWorkOrderAsync(CreateWorkOrder request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/workorders", Body(request, Json.CreateWorkOrder), Json.PageWorkOrderInfo, cancellationToken);

    public Task<WorkOrderInfo> ChangeWorkOrderAsync(string id, ChangeWorkOrder change, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Patch, $"api/v1/workorders/{Escape(id)}", Body(change, Json.ChangeWorkOrder), Json.WorkOrderInfo, cancellationToken);

    /// <summary>Closes what was to be done at a device.</summary>
    public Task<ScannedDevice> ScanAsync(ScanDevice scan, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/workorders/scan", Body(scan, Json.ScanDevice), Json.ScannedDevice, cancellationToken);

    /// <param name="technicians"><c>anna:battery+diagnosis,ben</c>; without skills somebody can do everything.</param>
    /// <param name="minutes">Of a technician's day.</param>
    public Task<RoutePlanInfo> PlanRoutesAsync(string technicians, DateOnly? day = null, int? minutes = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/workorders/routes", ("technicians", technicians), ("day", day?.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture)), ("minutes", minutes)), Json.RoutePlanInfo, cancellationToken);

    /// <summary>Orders and windows for a calendar program.</summary>
    public Task<string> GetCalendarAsync(string? assignee = null, CancellationToken cancellationToken = default) =>
        GetTextAsync(Query("api/v1/workorders/calendar.ics", ("assignee", assignee)), "text/calendar", cancellationToken);

    /// <summary>Windows that are not over.</summary>
    public Task<Page<SiteWindowInfo>> ListWindowsOfWorkAsync(CancellationToken cancellationToken = default) => GetAsync("api/v1/maintenance/windows", Json.PageSiteWindowInfo, cancellationToken);

    public Task<SiteWindowInfo> CreateWindowOfWorkAsync(CreateSiteWindow request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/maintenance/windows", Body(request, Json.CreateSiteWindow), Json.SiteWindowInfo, cancellationToken);

    /// <summary>Takes a window back; one that runs ends now.</summary>
    public Task CancelWindowOfWorkAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"api/v1/maintenance/windows/{Escape(id)}", null, cancellationToken);

    public Task<FleetForecastInfo> GetFleetForecastAsync(string? site = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query("api/v1/fleet/forecast", ("site", site)), Json.FleetForecastInfo, cancellationToken);
}
