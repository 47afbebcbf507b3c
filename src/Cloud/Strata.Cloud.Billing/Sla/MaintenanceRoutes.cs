using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Billing.Rows;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Telemetry;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Billing.Sla;

/// <summary><c>GET /api/v1/sla/maintenance</c>: announced maintenance, the newest first.</summary>
internal static class ListMaintenance
{
    private const int Shown = 1_000;

    public static async Task<IResult> HandleAsync(HttpContext context, BillingStore store, CancellationToken cancellationToken)
    {
        await using var db = store.Create(context.Tenant());
        var rows = await db.Maintenance.OrderByDescending(m => m.Begins).Take(Shown).ToListAsync(cancellationToken);
        return Results.Json(new Page<MaintenanceInfo>(rows.ConvertAll(Info), null), ContractsJson.Default.PageMaintenanceInfo);
    }

    internal static MaintenanceInfo Info(MaintenanceRow row) => new(row.Id, row.Begins, row.Ends, row.Reason, row.Announced, row.AnnouncedBy);
}

/// <summary><c>POST /api/v1/sla/maintenance</c>: announces maintenance ahead; what is past cannot be excused.</summary>
internal static class Announce
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    public static async Task<IResult> HandleAsync(HttpContext context, BillingStore store, BillingOptions options, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.AnnounceMaintenance, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var caller = Caller.Of(context);
        var outcome = await store.ChangeAsync(caller, (db, now, token) => DecideAsync(db, caller, request.Value, options, now, token), cancellationToken);
        return outcome.ToResult(m => Results.Json(m, ContractsJson.Default.MaintenanceInfo, statusCode: StatusCodes.Status201Created));
    }

    private static async Task<Outcome<DecidedChange<MaintenanceInfo>>> DecideAsync(
        BillingDbContext db, Caller caller, AnnounceMaintenance request, BillingOptions options, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (request.Reason is not { Length: > 0 and <= 500 } reason || reason.Any(char.IsControl))
            return new Problem(ProblemKind.Invalid, "Maintenance has a reason of 1 to 500 characters without control characters.", "reason");
        if (request.From < now)
            return new Problem(ProblemKind.Invalid, "Maintenance is announced before it begins; what is past stays measured.", "from");
        if (request.To <= request.From || request.To - request.From > Longest)
            return new Problem(ProblemKind.Invalid, $"Maintenance ends after it begins and lasts at most {Longest.TotalDays:0} days.", "to");
        if (request.From > now.AddYears(1))
            return new Problem(ProblemKind.Invalid, "Maintenance is announced at most a year ahead.", "from");
        if (await db.Maintenance.CountAsync(m => m.Ends > now, cancellationToken) >= options.MaxMaintenance)
            return new Problem(ProblemKind.TooMuch, $"{options.MaxMaintenance:N0} announcements wait for their end, which is all there may be.");
        var row = new MaintenanceRow
        {
            TenantId = db.Tenant.Value, Id = Guid.CreateVersion7(now).ToString("N")[^12..], Begins = Kept(request.From), Ends = Kept(request.To), Reason = reason,
            Announced = now, AnnouncedBy = caller.Actor,
        };
        static DateTimeOffset Kept(DateTimeOffset time) => EventTime.ToDateTimeOffset(EventTime.From(time));
        return new DecidedChange<MaintenanceInfo>(ListMaintenance.Info(row), [(null, row)], "announce", "maintenance", row.Id, null, ListMaintenance.Info(row));
    }
}

/// <summary><c>DELETE /api/v1/sla/maintenance/{id}</c>: takes back what has not begun.</summary>
internal static class CancelMaintenance
{
    public static async Task<IResult> HandleAsync(string id, HttpContext context, BillingStore store, CancellationToken cancellationToken)
    {
        var outcome = await store.ChangeAsync(Caller.Of(context), (db, now, token) => DecideAsync(db, id, now, token), cancellationToken);
        return outcome.ToResult(_ => Results.NoContent());
    }

    private static async Task<Outcome<DecidedChange<string>>> DecideAsync(BillingDbContext db, string id, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if ((await db.Maintenance.Where(m => m.Id == id).ToListAsync(cancellationToken)).SingleOrDefault() is not { } row)
            return new Problem(ProblemKind.NotFound, $"There is no announced maintenance '{BillingRequests.Short(id)}'.", "id");
        if (row.Begins <= now)
            return new Problem(ProblemKind.Conflict, "This maintenance has begun; it stays announced.", "id");
        return new DecidedChange<string>(id, [(row, null)], "cancel", "maintenance", id, ListMaintenance.Info(row), null);
    }
}
