using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Devices.Search;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Reads;

namespace Strata.Cloud.Devices.Bulk;

/// <summary><c>/api/v1/bulk</c>: one change of all devices that a query finds; what it would do, how far it is, and back.</summary>
internal static class BulkRoutes
{
    /// <summary>What is waited for a short one to end before it is answered.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private const int MaxShown = 100;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/bulk", ListAsync).Requires(Permission.DevicesWrite).AcceptsOnly().WithName("ListBulk").WithTags("Bulk")
            .WithSummary("Changes of many devices, newest first").Produces<Page<BulkInfo>>();
        api.MapGet("/bulk/{id}", OneAsync).Requires(Permission.DevicesWrite).AcceptsOnly().WithName("GetBulk").WithTags("Bulk")
            .WithSummary("How far it is, and what was refused").Produces<BulkInfo>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost("/bulk", RunAsync).Requires(Permission.DevicesWrite).AcceptsOnly().WithName("RunBulk").WithTags("Bulk")
            .WithSummary("Changes or moves all devices that a query finds; with dryRun it only says what it would do").Accepts<RunBulk>("application/json")
            .Produces<BulkInfo>().Produces<BulkInfo>(StatusCodes.Status202Accepted).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status429TooManyRequests);
        api.MapPost("/bulk/{id}/undo", UndoAsync).Requires(Permission.DevicesWrite).AcceptsOnly().WithName("UndoBulk").WithTags("Bulk")
            .WithSummary("Takes back what was not changed since").Produces<BulkInfo>().Produces<BulkInfo>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> ListAsync(HttpContext context, BulkOperations bulk, CancellationToken cancellationToken)
    {
        var access = context.Access();
        var rows = (await bulk.ListAsync(access.Tenant, cancellationToken)).Where(r => Sees(access, r));
        return Results.Json(new Page<BulkInfo>([.. rows.Select(r => ToInfo(r, []))], null), ContractsJson.Default.PageBulkInfo);
    }

    private static async Task<IResult> OneAsync(string id, HttpContext context, BulkOperations bulk, CancellationToken cancellationToken)
    {
        var access = context.Access();
        return await bulk.FindAsync(access.Tenant, id, cancellationToken) is { } row && Sees(access, row) ? await ShowAsync(bulk, access, row, cancellationToken) : ProblemResults.Of(Unknown(id));
    }

    private static async Task<IResult> RunAsync(HttpContext context, RegistryStore registry, FleetSearch fleet, BulkOperations bulk, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.RunBulk, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var (caller, access) = (Caller.Of(context), context.Access());
        if (string.IsNullOrWhiteSpace(request.Value.Query))
            return ProblemResults.Of(ProblemKind.Invalid, "Say which devices; for all write id:*.", "query");
        var change = BulkChange.Of(request.Value, caller.Actor);
        if (!change.IsOk)
            return ProblemResults.Of(change.Problem);
        var found = await fleet.PrepareAsync(access.Tenant, request.Value.Query, access, cancellationToken);
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        var ids = found.Value.InOrder().Select(d => d.Id).ToList();
        if (request.Value.DryRun)
            return Try(new RegistryChange(registry.Image(access.Tenant), caller, time.GetUtcNow()), request.Value.Query, change.Value, ids, access);
        if (ids.Count == 0)
            return ProblemResults.Of(ProblemKind.NotFound, "The query finds no device; nothing was done.", "query");
        // What is wrong with the change itself is said at once, not for each device.
        if (change.Value.Apply(new RegistryChange(registry.Image(access.Tenant), caller, time.GetUtcNow()), ids[0], access).Refused is { Kind: ProblemKind.Invalid } wrong)
            return ProblemResults.Of(wrong);
        return await AnswerAsync(
            bulk, access, bulk.Begin(caller, By(access), request.Value.Query, change.Value.ToJson(), ids, static id => id, (made, id) => change.Value.Apply(made, id, access)), time, cancellationToken);
    }

    private static async Task<IResult> UndoAsync(string id, HttpContext context, BulkOperations bulk, TimeProvider time, CancellationToken cancellationToken)
    {
        var (caller, access) = (Caller.Of(context), context.Access());
        if (await bulk.FindAsync(access.Tenant, id, cancellationToken) is not { } row || !Sees(access, row))
            return ProblemResults.Of(Unknown(id));
        if (row.State == BulkOperationRow.Running)
            return ProblemResults.Of(ProblemKind.Conflict, "It still runs; take it back when it has ended.", "id");
        if (row.UndoneBy is { } by || row.UndoOf is not null)
            return ProblemResults.Of(ProblemKind.Conflict, row.UndoneBy is null ? "What takes something back is not taken back itself; do it anew." : $"It was taken back by {row.UndoneBy} already.", "id");
        var items = await bulk.ItemsAsync(access.Tenant, id, refused: false, int.MaxValue, cancellationToken);
        return await AnswerAsync(
            bulk, access, bulk.Begin(caller, By(access), row.Query, row.Change, items, static item => item.Device, (made, item) => BulkUndo.Apply(made, item, id, access), row), time, cancellationToken);
    }

    private static IResult Try(RegistryChange scratch, string query, BulkChange change, List<string> ids, Access access)
    {
        var (changed, unchanged) = (0, 0);
        var refused = new List<BulkRefusal>();
        foreach (var id in ids)
        {
            var outcome = change.Apply(scratch, id, access);
            if (outcome.Refused is { } why)
                refused.Add(new BulkRefusal(id, why.Detail));
            else if (outcome.Undo is null)
                unchanged++;
            else
                changed++;
        }
        return Results.Json(
            new BulkInfo(null, query, JsonSerializer.Deserialize<JsonElement>(change.ToJson()), "dry-run", ids.Count, changed, unchanged, refused.Count, [.. refused.Take(MaxShown)], scratch.Caller.Actor, scratch.Now),
            ContractsJson.Default.BulkInfo);
    }

    private static async Task<IResult> AnswerAsync(BulkOperations bulk, Access access, (BulkOperationRow Row, Task Run)? begun, TimeProvider time, CancellationToken cancellationToken)
    {
        if (begun is not { } operation)
            return ProblemResults.Of(ProblemKind.TooMuch, "Too many changes of many devices run just now; try again when one has ended.");
        await Task.WhenAny(operation.Run, Task.Delay(Patience, time, cancellationToken));
        var row = await bulk.FindAsync(access.Tenant, operation.Row.Id, cancellationToken);
        return row is null
            ? ProblemResults.Of(ProblemKind.Unavailable, "The registry could not be written; nothing was changed.")
            : await ShowAsync(bulk, access, row, cancellationToken, row.State == BulkOperationRow.Running ? StatusCodes.Status202Accepted : StatusCodes.Status200OK);
    }

    private static async Task<IResult> ShowAsync(BulkOperations bulk, Access access, BulkOperationRow row, CancellationToken cancellationToken, int status = StatusCodes.Status200OK)
    {
        var refused = row.Refused == 0 ? [] : await bulk.ItemsAsync(access.Tenant, row.Id, refused: true, MaxShown, cancellationToken);
        return Results.Json(ToInfo(row, [.. refused.Select(r => new BulkRefusal(r.Device, r.Refusal!))]), ContractsJson.Default.BulkInfo, statusCode: status);
    }

    private static BulkInfo ToInfo(BulkOperationRow row, IReadOnlyList<BulkRefusal> refusals) =>
        new(row.Id, row.Query, JsonSerializer.Deserialize<JsonElement>(row.Change), row.State, row.Found, row.Changed, row.Unchanged, row.Refused, refusals, row.Actor, row.Started)
        {
            Ended = row.Ended, UndoOf = row.UndoOf, UndoneBy = row.UndoneBy,
        };

    private static string By(Access access) => $"{access.Principal.Kind}/{access.Principal.Id}";

    private static bool Sees(Access access, BulkOperationRow row) => access.IsWhole(Permission.DevicesWrite) || row.By == By(access);

    private static Problem Unknown(string id) => new(ProblemKind.NotFound, $"There is no change of many devices '{(id.Length > 64 ? id[..64] + "..." : id)}'.", "id");
}
