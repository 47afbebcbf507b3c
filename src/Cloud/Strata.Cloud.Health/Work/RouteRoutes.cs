using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Health.Rows;
using Strata.Cloud.Health.Windows;
using Strata.Core;
using Strata.Core.Maintenance;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Health.Work;

/// <summary><c>GET /api/v1/workorders/routes</c>: a day's orders, divided among technicians. Changes nothing; who agrees assigns.</summary>
internal static class PlanRoutes
{
    private const int MaxTechnicians = 100;
    private const int MinutesAStep = 5;
    private const int UsualDay = 480;

    public static async Task<IResult> HandleAsync(
        string? technicians, string? day, string? minutes, HttpContext context, HealthStore store, WindowBook windows, TimeProvider time, CancellationToken cancellationToken)
    {
        if (Technicians(technicians) is not { } who)
            return ProblemResults.Of(ProblemKind.Invalid, $"'technicians' names 1 to {MaxTechnicians}, for example anna:battery+diagnosis,ben; without skills somebody can do everything.", "technicians");
        var on = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        if (day is not null && !DateOnly.TryParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out on))
            return ProblemResults.Of(ProblemKind.Invalid, "'day' is written as 2026-12-01.", "day");
        var length = UsualDay;
        if (minutes is not null && !(int.TryParse(minutes, NumberStyles.None, CultureInfo.InvariantCulture, out length) && length is >= 30 and <= 1_440))
            return ProblemResults.Of(ProblemKind.Invalid, "'minutes' of a day are 30 to 1,440.", "minutes");
        var reach = context.Access().ReachOf(Permission.DevicesRead);
        await using var db = store.Create(context.Tenant());
        var orders = (await db.WorkOrders.AsNoTracking().Where(o => o.Closed == null).ToListAsync(cancellationToken)).Where(o => reach.Covers(ListWorkOrders.SiteOf(o)) && IsOn(o, on, windows.Of(context.Tenant()))).Select(WorkText.Info).ToDictionary(o => o.Id);
        var (routes, left) = RoutePlanning.Plan(orders.Values.Select(o => new RouteStop(o.Id, o.Site is null ? null : Core.Architecture.SiteId.Parse(o.Site), o.Skill, o.Due, Math.Min(o.Minutes, length), o.Assignee)), who, length, MinutesAStep);
        var plan = new RoutePlanInfo(
            on,
            [.. routes.Select(r => new DayRouteInfo(r.Technician.Name, [.. r.Stops.Select(s => Stop(orders[s.Order]))], r.WorkMinutes, r.WayMinutes))], [.. left.Select(l => l.Order)]);
        return Results.Json(plan, ContractsJson.Default.RoutePlanInfo);
    }

    /// <summary>An order that has a window is of the window's days; others of every day until they are done.</summary>
    private static bool IsOn(WorkOrderRow order, DateOnly day, IEnumerable<SiteWindowRow> windows) =>
        order.Window is not { } id || windows.FirstOrDefault(w => w.Id == id) is not { } window
        || (DateOnly.FromDateTime(window.Begins.UtcDateTime) <= day && day <= DateOnly.FromDateTime(window.Ends.UtcDateTime));

    private static RouteStopInfo Stop(WorkOrderInfo order) => new(order.Id, order.Site, order.Title, order.Items.Count(i => i.Done is null && i.Withdrawn is null), order.Minutes, order.Due, order.Assignee);

    private static List<Technician>? Technicians(string? text)
    {
        var found = new List<Technician>();
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var (name, skills) = part.Split(':', 2, StringSplitOptions.TrimEntries) is [var n, var s] ? (n, s) : (part, "");
            if (name.Length is 0 or > 100 || name.Any(char.IsControl) || found.Count == MaxTechnicians || found.Exists(t => t.Name == name))
                return null;
            found.Add(new Technician(name, skills.Split('+', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)));
        }
        return found.Count == 0 ? null : found;
    }
}

/// <summary><c>GET /api/v1/workorders/calendar.ics</c>: orders and windows, for a calendar program (RFC 5545).</summary>
internal static class GetCalendar
{
    public static async Task<IResult> HandleAsync(string? assignee, HttpContext context, HealthStore store, WindowBook windows, TimeProvider time, CancellationToken cancellationToken)
    {
        var reach = context.Access().ReachOf(Permission.DevicesRead);
        var tenant = context.Tenant();
        var now = time.GetUtcNow();
        await using var db = store.Create(tenant);
        var orders = (await db.WorkOrders.AsNoTracking().Where(o => o.Closed == null).ToListAsync(cancellationToken)).Where(o => reach.Covers(ListWorkOrders.SiteOf(o)) && (assignee is null || o.Assignee == assignee)).ToList();
        var shown = windows.Of(tenant).Where(w => w.Ends > now && reach.Covers(ListWindows.SiteOf(w))).ToList();
        var entries = shown.Select(w => new CalendarEntry($"window-{w.Id}@strata", w.Begins, w.Ends, $"Maintenance: {w.Reason}", w.Site, null, w.Created))
            .Concat(orders.OrderBy(o => o.Due).Select(o => Entry(o, shown)));
        return Results.Text(CalendarFeed.Write($"Strata {tenant.Value}", entries), "text/calendar; charset=utf-8");
    }

    /// <summary>In its window, or ending when it is due.</summary>
    private static CalendarEntry Entry(WorkOrderRow row, List<SiteWindowRow> windows)
    {
        var order = WorkText.Info(row);
        var length = TimeSpan.FromMinutes(Math.Max(15, order.Minutes));
        var start = windows.Find(w => w.Id == row.Window)?.Begins ?? row.Due - length;
        var devices = order.Items.Where(i => i.Done is null && i.Withdrawn is null).ToList();
        return new CalendarEntry(
            $"order-{row.Id}@strata", start, start + length, $"{order.Title}: {devices.Count} {(devices.Count == 1 ? "device" : "devices")}{(row.Assignee is { } who ? $" ({who})" : "")}", row.Site,
            string.Join("\n", devices.Select(d => $"{d.Device}: {d.Detail}").Concat(order.Parts.Select(p => $"Bring {p}"))), row.Created);
    }
}
