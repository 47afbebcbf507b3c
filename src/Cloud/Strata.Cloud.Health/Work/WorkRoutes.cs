using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Health.Report;
using Strata.Cloud.Health.Rows;
using Strata.Cloud.Health.Windows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Maintenance;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Health.Work;

/// <summary><c>GET /api/v1/workorders</c>: what is due first, first; without a state what is not over. JSON or CSV.</summary>
internal static class ListWorkOrders
{
    public static async Task<IResult> HandleAsync(
        string? state, string? site, string? assignee, string? cursor, string? limit, string? format, HttpContext context, HealthStore store, CancellationToken cancellationToken)
    {
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        var place = SiteParameter.Parse(site);
        if (!place.IsOk)
            return ProblemResults.Of(place.Problem);
        if (state is not null && !WorkOrderLifecycle.TryParse(state, out _))
            return ProblemResults.Of(ProblemKind.Invalid, $"'state' is one of {string.Join(", ", WorkOrderLifecycle.AllNames)}.", "state");
        if (CsvText.Check(format) is { } wrong)
            return ProblemResults.Of(wrong);
        var reach = context.Access().ReachOf(Permission.DevicesRead);
        await using var db = store.Create(context.Tenant());
        var rows = await db.WorkOrders.AsNoTracking().Where(o => state == null ? o.Closed == null : o.State == state).ToListAsync(cancellationToken);
        var found = rows.Where(o => reach.Covers(SiteOf(o)) && (place.Value.Site is not { } at || (SiteOf(o) is { } there && at.Contains(there))) && (assignee is null || o.Assignee == assignee))
            .Where(o => page.Value.After is not { } after || string.CompareOrdinal(KeyOf(o), after) > 0).OrderBy(KeyOf, StringComparer.Ordinal).Take(page.Value.Limit + 1).Select(WorkText.Info).ToList();
        var answer = Paging.ToPage(found, page.Value.Limit, o => $"{o.Due.UtcTicks:D20} {o.Id}");
        return format == "csv" ? CsvText.Of(WorkCsv.Write(answer.Items)) : Results.Json(answer, ContractsJson.Default.PageWorkOrderInfo);
    }

    internal static SiteId? SiteOf(WorkOrderRow row) => row.Site is null ? null : SiteId.Parse(row.Site);

    private static string KeyOf(WorkOrderRow row) => $"{row.Due.UtcTicks:D20} {row.Id}";
}

/// <summary><c>GET /api/v1/workorders/{id}</c>.</summary>
internal static class GetWorkOrder
{
    public static async Task<IResult> HandleAsync(string id, HttpContext context, HealthStore store, CancellationToken cancellationToken)
    {
        await using var db = store.Create(context.Tenant());
        return (await FindAsync(db, id, Permission.DevicesRead, context.Access(), cancellationToken)).ToResult(o => Results.Json(WorkText.Info(o), ContractsJson.Default.WorkOrderInfo));
    }

    /// <summary>The order, if it may be done to it.</summary>
    public static async Task<Outcome<WorkOrderRow>> FindAsync(HealthDbContext db, string id, Permission permission, Access access, CancellationToken cancellationToken)
    {
        Problem Unknown() => new(ProblemKind.NotFound, $"There is no work order '{(id.Length > 40 ? id[..40] + "..." : id)}'.", "id");
        if ((await db.WorkOrders.AsNoTracking().Where(o => o.Id == id).ToListAsync(cancellationToken)).SingleOrDefault() is not { } row)
            return Unknown();
        return Access.Refusal(access.Decide(permission, ListWorkOrders.SiteOf(row)), Unknown) is { } refusal ? refusal : row;
    }
}

/// <summary><c>POST /api/v1/workorders</c>: work that somebody wants, one order for each place.</summary>
internal static class CreateWorkOrders
{
    public static async Task<IResult> HandleAsync(HttpContext context, HealthStore store, IFleet fleet, HealthOptions options, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.CreateWorkOrder, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var (caller, access) = (Caller.Of(context), context.Access());
        var outcome = await store.ChangeAsync(caller, (db, now, token) => DecideAsync(db, caller, access, request.Value, fleet, options, now, token), cancellationToken);
        return outcome.ToResult(orders => Results.Json(new Page<WorkOrderInfo>(orders, null), ContractsJson.Default.PageWorkOrderInfo, statusCode: StatusCodes.Status201Created));
    }

    private static async Task<Outcome<DecidedChange<IReadOnlyList<WorkOrderInfo>>>> DecideAsync(
        HealthDbContext db, Caller caller, Access access, CreateWorkOrder request, IFleet fleet, HealthOptions options, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!WorkOrderKinds.TryParse(request.Kind, out var kind))
            return new Problem(ProblemKind.Invalid, $"'kind' is one of {string.Join(", ", WorkOrderKinds.All.Select(WorkOrderKinds.NameOf))}.", "kind");
        if (request.Devices is not { Count: > 0 and <= 1_000 })
            return new Problem(ProblemKind.Invalid, "Work is at 1 to 1,000 devices.", "devices");
        if ((WorkChecks.Text(request.Note, 2_000, "note") ?? WorkChecks.Text(request.Assignee, 100, "assignee")) is { } wrong)
            return wrong;
        var needs = new List<WorkNeed>();
        foreach (var name in request.Devices)
        {
            var unknown = new Problem(ProblemKind.NotFound, $"There is no device '{(name.Length > 128 ? name[..128] + "..." : name)}'.", "devices");
            if (!DeviceId.TryParse(name, out var id) || fleet.Find(db.Tenant, id) is not { State: not DeviceState.Decommissioned } device)
                return unknown;
            if (Access.Refusal(access.Decide(Permission.DevicesWrite, device.Site), () => unknown) is { } refusal)
                return refusal;
            needs.Add(new WorkNeed(id, device.Site, kind, request.Due ?? now.AddDays(7), request.Note ?? "asked for"));
        }
        if (await db.WorkOrders.CountAsync(o => o.Closed == null, cancellationToken) >= options.MaxOpenOrders)
            return new Problem(ProblemKind.TooMuch, $"{options.MaxOpenOrders:N0} work orders are open, which is all there may be.");
        var rows = WorkOrderPlanning.Plan(needs, [], options.MergeDepth, options.MaxOrderDevices).Select(p => new WorkOrderRow
        {
            TenantId = db.Tenant.Value, Id = Guid.CreateVersion7(now).ToString("N")[^12..], Kind = request.Kind, State = WorkOrderLifecycle.NameOf(request.Assignee is null ? WorkOrderState.Open : WorkOrderState.Assigned),
            Assignee = request.Assignee, Site = p.Site?.Value, Due = p.Due, Parts = WorkText.Write(WorkText.PartsFor(kind, p.Needs.Count)), Note = request.Note,
            Items = WorkText.Write(p.Needs.Select(n => new WorkItemInfo(n.Device.Value, n.Detail, null, null, null))), Created = now, CreatedBy = caller.Actor,
        }).ToList();
        IReadOnlyList<WorkOrderInfo> orders = rows.ConvertAll(WorkText.Info);
        return new DecidedChange<IReadOnlyList<WorkOrderInfo>>(orders, rows.ConvertAll(r => ((object?)null, (object?)r)), "create", "work-order", rows[0].Id, null, orders);
    }
}

/// <summary><c>PATCH /api/v1/workorders/{id}</c>: whose it is, where it is, when, with what.</summary>
internal static class ChangeWorkOrders
{
    public static async Task<IResult> HandleAsync(string id, HttpContext context, HealthStore store, WindowBook windows, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.ChangeWorkOrder, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var (caller, access) = (Caller.Of(context), context.Access());
        var outcome = await store.ChangeAsync<WorkOrderInfo>(caller, async (db, now, token) =>
        {
            var found = await GetWorkOrder.FindAsync(db, id, Permission.DevicesWrite, access, token);
            return found.IsOk ? Decide(found.Value, request.Value, caller, windows, now) : found.Problem;
        }, cancellationToken);
        return outcome.ToResult(o => Results.Json(o, ContractsJson.Default.WorkOrderInfo));
    }

    private static Outcome<DecidedChange<WorkOrderInfo>> Decide(WorkOrderRow row, ChangeWorkOrder change, Caller caller, WindowBook windows, DateTimeOffset now)
    {
        if ((WorkChecks.Text(change.Note, 2_000, "note") ?? WorkChecks.Text(change.Assignee, 100, "assignee")) is { } wrong)
            return wrong;
        if (change.Parts is { } parts && (parts.Count > 100 || parts.Any(p => p is not { Length: > 0 and <= 200 } || p.Any(char.IsControl))))
            return new Problem(ProblemKind.Invalid, "Parts are at most 100 texts of at most 200 characters.", "parts");
        if (change.Window is { Length: > 0 } window && windows.Of(caller.Tenant).All(w => w.Id != window))
            return new Problem(ProblemKind.NotFound, "There is no such maintenance window.", "window");
        var before = WorkText.StateOf(row);
        var assignee = change.Assignee is null ? row.Assignee : change.Assignee.Length == 0 ? null : change.Assignee;
        var state = before;
        if (change.State is { } said && !WorkOrderLifecycle.TryParse(said, out state))
            return new Problem(ProblemKind.Invalid, $"'state' is one of {string.Join(", ", WorkOrderLifecycle.AllNames)}.", "state");
        // Whose it is says whether it is assigned, unless the state is said.
        if (change.State is null && before is WorkOrderState.Open or WorkOrderState.Assigned)
            state = assignee is null ? WorkOrderState.Open : WorkOrderState.Assigned;
        if (WorkOrderLifecycle.Check(before, state) is { } illegal)
            return illegal;
        if (WorkOrderLifecycle.IsOver(before))
            return new Problem(ProblemKind.Conflict, $"The work order is {row.State} and stays so.", "state");
        if (state == WorkOrderState.Assigned && assignee is null)
            return new Problem(ProblemKind.Invalid, "An assigned order is somebody's.", "assignee");
        var over = WorkOrderLifecycle.IsOver(state);
        var next = WorkText.Answer(row, now) with
        {
            State = WorkOrderLifecycle.NameOf(state), Assignee = assignee, Due = change.Due is { } due ? Core.Telemetry.EventTime.ToDateTimeOffset(Core.Telemetry.EventTime.From(due)) : row.Due,
            Parts = change.Parts is null ? row.Parts : WorkText.Write(change.Parts), Note = change.Note ?? row.Note, Window = change.Window is null ? row.Window : change.Window.Length == 0 ? null : change.Window,
            Closed = over ? now : null, ClosedBy = over ? caller.Actor : null,
        };
        var info = WorkText.Info(next);
        return next == row ? DecidedChange.None(info) : new DecidedChange<WorkOrderInfo>(info, [(row, next)], "change", "work-order", row.Id, WorkText.Info(row), info);
    }
}

/// <summary>What people write.</summary>
internal static class WorkChecks
{
    public static Problem? Text(string? text, int most, string field) => text is null || (text.Length <= most && !text.Any(c => char.IsControl(c) && c != '\n'))
        ? null
        : new Problem(ProblemKind.Invalid, $"{field} has at most {most} characters, none of them a control character.", field);
}
