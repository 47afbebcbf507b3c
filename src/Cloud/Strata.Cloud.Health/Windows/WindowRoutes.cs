using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Health.Report;
using Strata.Cloud.Health.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Health.Windows;

/// <summary><c>GET /api/v1/maintenance/windows</c>: windows that are not over at places that the caller sees, the first to begin first.</summary>
internal static class ListWindows
{
    public static IResult Handle(HttpContext context, WindowBook book, TimeProvider time)
    {
        var reach = context.Access().ReachOf(Permission.DevicesRead);
        var now = time.GetUtcNow();
        var shown = book.Of(context.Tenant()).Where(w => w.Ends > now && reach.Covers(SiteOf(w)));
        return Results.Json(new Page<SiteWindowInfo>([.. shown.Select(Info)], null), ContractsJson.Default.PageSiteWindowInfo);
    }

    internal static SiteId? SiteOf(SiteWindowRow row) => row.Site is null ? null : SiteId.Parse(row.Site);

    internal static SiteWindowInfo Info(SiteWindowRow row) => new(row.Id, row.Site, row.Begins, row.Ends, row.Reason, row.Created, row.CreatedBy);
}

/// <summary><c>POST /api/v1/maintenance/windows</c>.</summary>
internal static class CreateWindow
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(31);

    public static async Task<IResult> HandleAsync(HttpContext context, HealthStore store, WindowBook book, HealthOptions options, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.CreateSiteWindow, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var site = SiteParameter.Parse(request.Value.Site);
        if (!site.IsOk)
            return ProblemResults.Of(site.Problem);
        if (Access.Refusal(context.Access().Decide(Permission.DevicesWrite, site.Value.Site), () => new Problem(ProblemKind.NotFound, "There is no such place.", "site")) is { } refusal)
            return ProblemResults.Of(refusal);
        var caller = Caller.Of(context);
        var outcome = await store.ChangeAsync(caller, (db, now, token) => DecideAsync(db, caller, request.Value, options, now, token), cancellationToken, row => book.Put(caller.Tenant, row));
        return outcome.ToResult(row => Results.Json(ListWindows.Info(row), ContractsJson.Default.SiteWindowInfo, statusCode: StatusCodes.Status201Created));
    }

    private static async Task<Outcome<DecidedChange<SiteWindowRow>>> DecideAsync(
        HealthDbContext db, Caller caller, CreateSiteWindow request, HealthOptions options, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (request.Reason is not { Length: > 0 and <= 500 } reason || reason.Any(char.IsControl))
            return new Problem(ProblemKind.Invalid, "A window has a reason of 1 to 500 characters without control characters.", "reason");
        if (request.To <= now || request.To <= request.From || request.To - request.From > Longest)
            return new Problem(ProblemKind.Invalid, $"A window ends in the future, after it begins, and lasts at most {Longest.TotalDays:0} days.", "to");
        if (request.From > now.AddYears(1))
            return new Problem(ProblemKind.Invalid, "A window begins at most a year ahead.", "from");
        if (await db.Windows.CountAsync(w => w.Ends > now, cancellationToken) >= options.MaxWindows)
            return new Problem(ProblemKind.TooMuch, $"{options.MaxWindows:N0} windows wait for their end, which is all there may be.");
        var row = new SiteWindowRow
        {
            TenantId = db.Tenant.Value, Id = Guid.CreateVersion7(now).ToString("N")[^12..], Site = string.IsNullOrEmpty(request.Site) ? null : request.Site,
            Begins = Core.Telemetry.EventTime.ToDateTimeOffset(Core.Telemetry.EventTime.From(request.From)), Ends = Core.Telemetry.EventTime.ToDateTimeOffset(Core.Telemetry.EventTime.From(request.To)),
            Reason = reason, Created = now, CreatedBy = caller.Actor,
        };
        return new DecidedChange<SiteWindowRow>(row, [(null, row)], "create", "maintenance-window", row.Id, null, ListWindows.Info(row));
    }
}

/// <summary><c>DELETE /api/v1/maintenance/windows/{id}</c>: takes back what has not begun, and ends now what runs.</summary>
internal static class CancelWindow
{
    public static async Task<IResult> HandleAsync(string id, HttpContext context, HealthStore store, WindowBook book, CancellationToken cancellationToken)
    {
        var unknown = new Problem(ProblemKind.NotFound, $"There is no maintenance window '{(id.Length > 40 ? id[..40] + "..." : id)}' that is not over.", "id");
        var caller = Caller.Of(context);
        if (book.Of(caller.Tenant).FirstOrDefault(w => w.Id == id) is not { } there)
            return ProblemResults.Of(unknown);
        if (Access.Refusal(context.Access().Decide(Permission.DevicesWrite, ListWindows.SiteOf(there)), () => unknown) is { } refusal)
            return ProblemResults.Of(refusal);
        var outcome = await store.ChangeAsync<SiteWindowRow>(caller, async (db, now, token) =>
        {
            if ((await db.Windows.AsNoTracking().Where(w => w.Id == id && w.Ends > now).ToListAsync(token)).SingleOrDefault() is not { } row)
                return unknown;
            var ended = row with { Ends = now, Begins = row.Begins < now ? row.Begins : now };
            return new DecidedChange<SiteWindowRow>(ended, [(row, ended)], "cancel", "maintenance-window", id, ListWindows.Info(row), ListWindows.Info(ended));
        }, cancellationToken, row => book.Put(caller.Tenant, row));
        return outcome.ToResult(_ => Results.NoContent());
    }
}
