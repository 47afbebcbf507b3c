namespace Strata.Cloud.Contracts;

/// <summary>Price plans, statements and service levels.</summary>
public sealed partial class StrataClient
{
    /// <summary>All versions of all plans; for the platform's owner.</summary>
    public Task<Page<PricePlanInfo>> ListPricePlansAsync(CancellationToken cancellationToken = default) =>
        GetAsync("api/v1/billing/plans", Json.PagePricePlanInfo, cancellationToken);

    public Task<PricePlanInfo> SetPricePlanAsync(string name, SetPricePlan plan, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, $"api/v1/billing/plans/{Escape(name)}", Body(plan, Json.SetPricePlan), Json.PricePlanInfo, cancellationToken);

    /// <summary>Which plans the tenant has had, the newest first.</summary>
    public Task<Page<PlanAssignmentInfo>> ListPlanAssignmentsAsync(CancellationToken cancellationToken = default) =>
        GetAsync("api/v1/billing/assignments", Json.PagePlanAssignmentInfo, cancellationToken);

    public Task<PlanAssignmentInfo> AssignPlanAsync(AssignPlan request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/billing/assignments", Body(request, Json.AssignPlan), Json.PlanAssignmentInfo, cancellationToken);

    /// <summary>The tenant's months, the newest first.</summary>
    public Task<Page<StatementSummary>> ListStatementsAsync(CancellationToken cancellationToken = default) =>
        GetAsync("api/v1/billing/statements", Json.PageStatementSummary, cancellationToken);

    /// <param name="month">For example <c>2026-11</c>.</param>
    /// <param name="hours">With the hours of each line.</param>
    public Task<StatementInfo> GetStatementAsync(string month, bool hours = false, CancellationToken cancellationToken = default) =>
        GetAsync(Query($"api/v1/billing/statements/{Escape(month)}", ("hours", hours ? true : null)), Json.StatementInfo, cancellationToken);

    /// <param name="format"><c>csv</c> or <c>html</c>.</param>
    public Task<string> GetStatementTextAsync(string month, string format, bool hours = false, CancellationToken cancellationToken = default) =>
        GetTextAsync(Query($"api/v1/billing/statements/{Escape(month)}", ("format", format), ("hours", hours ? true : null)), "*/*", cancellationToken);

    /// <summary>Closes a month that is over; one that is closed stays as it is.</summary>
    public Task<StatementInfo> CloseStatementAsync(string month, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/billing/statements/{Escape(month)}/close", null, Json.StatementInfo, cancellationToken);

    public Task<StatementVerification> VerifyStatementAsync(string month, CancellationToken cancellationToken = default) =>
        GetAsync($"api/v1/billing/statements/{Escape(month)}/verification", Json.StatementVerification, cancellationToken);

    public Task<CreditNoteInfo> CreditAsync(string month, CreateCreditNote note, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"api/v1/billing/statements/{Escape(month)}/credit-notes", Body(note, Json.CreateCreditNote), Json.CreditNoteInfo, cancellationToken);

    /// <summary>What is promised to the tenant now and from later months on.</summary>
    public Task<Page<ObjectiveInfo>> ListObjectivesAsync(CancellationToken cancellationToken = default) =>
        GetAsync("api/v1/sla/objectives", Json.PageObjectiveInfo, cancellationToken);

    public Task<ObjectiveInfo> SetObjectiveAsync(string kind, SetObjective objective, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, $"api/v1/sla/objectives/{Escape(kind)}", Body(objective, Json.SetObjective), Json.ObjectiveInfo, cancellationToken);

    /// <summary>Ends a promise with the current month.</summary>
    public Task RemoveObjectiveAsync(string kind, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"api/v1/sla/objectives/{Escape(kind)}", null, cancellationToken);

    public Task<SlaReportInfo> GetSlaReportAsync(string month, CancellationToken cancellationToken = default) =>
        GetAsync($"api/v1/sla/reports/{Escape(month)}", Json.SlaReportInfo, cancellationToken);

    /// <param name="format"><c>csv</c> or <c>html</c>.</param>
    public Task<string> GetSlaReportTextAsync(string month, string format, CancellationToken cancellationToken = default) =>
        GetTextAsync(Query($"api/v1/sla/reports/{Escape(month)}", ("format", format)), "*/*", cancellationToken);

    /// <summary>Announced maintenance, the newest first.</summary>
    public Task<Page<MaintenanceInfo>> ListMaintenanceAsync(CancellationToken cancellationToken = default) =>
        GetAsync("api/v1/sla/maintenance", Json.PageMaintenanceInfo, cancellationToken);

    public Task<MaintenanceInfo> AnnounceMaintenanceAsync(AnnounceMaintenance request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "api/v1/sla/maintenance", Body(request, Json.AnnounceMaintenance), Json.MaintenanceInfo, cancellationToken);

    /// <summary>Takes back what has not begun yet.</summary>
    public Task CancelMaintenanceAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"api/v1/sla/maintenance/{Escape(id)}", null, cancellationToken);
}
