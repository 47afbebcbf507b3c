using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Updates.Book;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Rollouts;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Reads;

namespace Strata.Cloud.Updates.Routes;

/// <summary>Rollouts over HTTP. A rollout is the whole tenant's: who may update in a part of it may not.</summary>
internal static class RolloutRoutes
{
    private const int MaxRequestBytes = 4 * 1024 * 1024;

    public static void MapRollouts(this IEndpointRouteBuilder api)
    {
        var rollouts = api.MapGroup("/rollouts").WithTags("Updates").ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        rollouts.MapPost("/plan", PlanAsync).Requires(Permission.UpdatesRead).AcceptsOnly().WithName("PlanRollout").WithSummary("What a rollout would be; nothing is sent").Accepts<CreateRollout>("application/json").Produces<RolloutRehearsal>();
        rollouts.MapPost("", CreateAsync).Requires(Permission.UpdatesWrite).AcceptsOnly().WithName("CreateRollout").WithSummary("Drafts a rollout; nothing is sent before it is started").Accepts<CreateRollout>("application/json").Produces<RolloutInfo>(StatusCodes.Status201Created);
        rollouts.MapGet("", List).Requires(Permission.UpdatesRead).AcceptsOnly("state").WithName("ListRollouts").WithSummary("Rollouts, the newest first").Produces<Page<RolloutInfo>>();
        rollouts.MapGet("/affected", Affected).Requires(Permission.UpdatesRead).AcceptsOnly("component", "range").WithName("ListAffectedDevices").WithSummary("Devices whose software has a part, by its bill of materials").Produces<Page<AffectedDevice>>();
        rollouts.MapGet("/{id}", Get).Requires(Permission.UpdatesRead).AcceptsOnly().WithName("GetRollout").WithSummary("One rollout: its rings, their counts and decisions").Produces<RolloutInfo>();
        rollouts.MapGet("/{id}/devices", Devices).Requires(Permission.UpdatesRead).AcceptsOnly("state", "cursor", "limit").WithName("ListRolloutDevices").WithSummary("The devices of a rollout").Produces<Page<RolloutDeviceInfo>>();
        rollouts.MapDelete("/{id}", async (HttpContext context, RolloutDesk desk, string id, CancellationToken cancellationToken) =>
            Whole(context, Permission.UpdatesWrite) ?? (await desk.DeleteAsync(Caller.Of(context), id, cancellationToken)).ToResult(_ => Results.NoContent()))
            .Requires(Permission.UpdatesWrite).AcceptsOnly().WithName("DeleteRollout").WithSummary("Forgets a rollout that is over, or a draft; what its devices ran stays known").Produces(StatusCodes.Status204NoContent);
        Step(rollouts, "start", Permission.UpdatesStart, "Starts it, or lets it wait for approval", (r, _, now, _) => r.Start(now));
        Step(rollouts, "approve", Permission.UpdatesApprove, "Somebody else than who made it says yes", (r, by, now, _) => r.Approve(by, now));
        Step(rollouts, "pause", Permission.UpdatesStart, "Nobody new is given the update", (r, by, now, why) => r.Pause(why ?? $"paused by {by}", now));
        Step(rollouts, "resume", Permission.UpdatesStart, "Goes on after a pause", (r, _, now, _) => r.Resume(now));
        Step(rollouts, "abort", Permission.UpdatesAbort, "Ends it; what is being installed goes on", (r, by, now, why) => r.Abort(why ?? $"aborted by {by}", now));
        rollouts.MapPost("/{id}/retry", async (HttpContext context, RolloutDesk desk, string id, CancellationToken cancellationToken) =>
            Whole(context, Permission.UpdatesStart) ?? (await desk.RetryAsync(Caller.Of(context), id, cancellationToken)).ToResult(r => Results.Json(r, ContractsJson.Default.RolloutRetried)))
            .Requires(Permission.UpdatesStart).AcceptsOnly().WithName("RetryRollout").WithSummary("Those that failed are given the update once more").Produces<RolloutRetried>();
        rollouts.MapPost("/{id}/rollback", async (HttpContext context, RolloutDesk desk, string id, bool? dryRun, CancellationToken cancellationToken) =>
            Whole(context, Permission.UpdatesStart) ?? (await desk.RollBackAsync(Caller.Of(context), id, dryRun ?? false, cancellationToken)).ToResult(r => Results.Json(r, ContractsJson.Default.RolloutRollback)))
            .Requires(Permission.UpdatesStart).AcceptsOnly("dryRun").WithName("RollBackRollout").WithSummary("A rollout that takes its devices back, those that were hurt first; names those that cannot go").Produces<RolloutRollback>();
        api.MapGet("/devices/{id}/software", SoftwareAsync).Requires(Permission.UpdatesRead).AcceptsOnly().WithName("ListDeviceSoftware").WithTags("Updates").WithSummary("What a device has run, the newest first").Produces<Page<DeviceSoftware>>();
    }

    private static void Step(RouteGroupBuilder rollouts, string action, Permission permission, string summary, Func<Rollout, string, DateTimeOffset, string?, Problem?> step) =>
        rollouts.MapPost($"/{{id}}/{action}", async (HttpContext context, RolloutDesk desk, string id, CancellationToken cancellationToken) =>
        {
            if (Whole(context, permission) is { } refused)
                return refused;
            string? why = null;
            if (context.Request.ContentLength is > 0)
            {
                var body = await context.Request.ReadJsonAsync(ContractsJson.Default.RolloutReason, cancellationToken);
                if (!body.IsOk)
                    return ProblemResults.Of(body.Problem);
                why = body.Value.Why;
            }
            if (why is { Length: > RolloutPlan.MaxReason })
                return ProblemResults.Of(ProblemKind.Invalid, $"A reason has at most {RolloutPlan.MaxReason} characters.", "why");
            var caller = Caller.Of(context);
            return (await desk.StepAsync(caller, id, action, (r, now) => step(r, caller.Actor, now, why), why is null ? null : new { why }, cancellationToken)).ToResult(r => Results.Json(r, ContractsJson.Default.RolloutInfo));
        }).Requires(permission).AcceptsOnly().WithName(char.ToUpperInvariant(action[0]) + action[1..] + "Rollout").WithSummary(summary).Accepts<RolloutReason>("application/json").Produces<RolloutInfo>();

    private static async Task<IResult> PlanAsync(HttpContext context, Rehearse rehearse, CancellationToken cancellationToken)
    {
        var request = await ReadAsync(context, Permission.UpdatesRead, Permission.DevicesRead, cancellationToken);
        return request.IsOk ? (await rehearse.PlanAsync(Caller.Of(context), request.Value, cancellationToken)).ToResult(r => Results.Json(r, ContractsJson.Default.RolloutRehearsal)) : ProblemResults.Of(request.Problem);
    }

    private static async Task<IResult> CreateAsync(HttpContext context, RolloutDesk desk, CancellationToken cancellationToken)
    {
        var request = await ReadAsync(context, Permission.UpdatesWrite, Permission.DevicesWrite, cancellationToken);
        return request.IsOk
            ? (await desk.DraftAsync(Caller.Of(context), request.Value, cancellationToken)).ToResult(r => Results.Json(r, ContractsJson.Default.RolloutInfo, statusCode: StatusCodes.Status201Created))
            : ProblemResults.Of(request.Problem);
    }

    /// <param name="ofDevices">That a configuration needs besides: it changes what devices are to do.</param>
    private static async Task<Outcome<CreateRollout>> ReadAsync(HttpContext context, Permission permission, Permission ofDevices, CancellationToken cancellationToken)
    {
        if (Refusal(context, permission) is { } refused)
            return refused;
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.CreateRollout, cancellationToken, MaxRequestBytes);
        return request is { IsOk: true, Value.Configuration: not null } && Refusal(context, ofDevices) is { } forbidden ? forbidden : request;
    }

    private static IResult List(HttpContext context, UpdatesStore store, string? state)
    {
        if (Whole(context, Permission.UpdatesRead) is { } refused)
            return refused;
        var book = store.Of(context.Tenant());
        lock (book.Gate)
        {
            var items = book.All.Values.Select(l => l.Rollout).Where(r => state is null || RolloutNames.NameOf(r.Head.State) == state).OrderByDescending(r => r.Plan.Created).Select(RolloutText.Info).ToArray();
            return Results.Json(new Page<RolloutInfo>(items, null), ContractsJson.Default.PageRolloutInfo);
        }
    }

    private static IResult Get(HttpContext context, RolloutDesk desk, string id) =>
        Whole(context, Permission.UpdatesRead) ?? desk.Show(context.Tenant(), id, context.Access().IsWhole(Permission.DevicesRead)).ToResult(r => Results.Json(r, ContractsJson.Default.RolloutInfo));

    private static IResult Devices(HttpContext context, UpdatesStore store, string id, string? state, string? cursor, string? limit)
    {
        if (Whole(context, Permission.UpdatesRead) is { } refused)
            return refused;
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        var book = store.Of(context.Tenant());
        lock (book.Gate)
        {
            if (!book.All.TryGetValue(id, out var live))
                return ProblemResults.Of(RolloutDesk.NotFound(id));
            var items = live.Rollout.Members.Values.Where(m => state is null || RolloutNames.NameOf(m.State) == state).OrderBy(m => m.Id.Value, StringComparer.Ordinal)
                .Where(m => page.Value.After is not { } after || string.CompareOrdinal(m.Id.Value, after) > 0).Take(page.Value.Limit + 1).Select(m => RolloutText.Device(book, live.Rollout, m)).ToArray();
            return Results.Json(Paging.ToPage(items, page.Value.Limit, d => d.Device), ContractsJson.Default.PageRolloutDeviceInfo);
        }
    }

    private static IResult Affected(HttpContext context, AffectedDevices affected, string? component, string? range) =>
        Whole(context, Permission.UpdatesRead) ?? affected.Find(context.Tenant(), component, range).ToResult(found => Results.Json(new Page<AffectedDevice>(found, null), ContractsJson.Default.PageAffectedDevice));

    private static async Task<IResult> SoftwareAsync(HttpContext context, UpdatesStore store, FleetFacts facts, string id, CancellationToken cancellationToken)
    {
        var access = context.Access();
        if (!DeviceId.TryParse(id, out var device) || facts.Fleet.Find(access.Tenant, device) is not { } found || !(access.IsWhole(Permission.UpdatesRead) || (found.Site is { } site && access.ReachOf(Permission.UpdatesRead).Covers(site))))
            return ProblemResults.Of(ProblemKind.NotFound, "There is no such device.", "id");
        await using var tables = store.Create(access.Tenant);
        var rows = await tables.Software.AsNoTracking().Where(s => s.Device == id).OrderByDescending(s => s.Since).Take(Paging.MaxLimit).ToListAsync(cancellationToken);
        var items = rows.Select((row, i) => new DeviceSoftware(row.Component, row.Version, row.Since, rows.Take(i).LastOrDefault(r => r.Component == row.Component)?.Since, row.Rollout)).ToArray();
        return Results.Json(new Page<DeviceSoftware>(items, null), ContractsJson.Default.PageDeviceSoftware);
    }

    private static IResult? Whole(HttpContext context, Permission permission) => Refusal(context, permission) is { } refusal ? ProblemResults.Of(refusal) : null;

    private static Problem? Refusal(HttpContext context, Permission permission) =>
        context.Access().IsWhole(permission) ? null : new Problem(ProblemKind.Forbidden, "Rollouts are for who may update everywhere in the tenant.");
}
