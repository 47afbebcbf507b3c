using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Reads;

namespace Strata.Cloud.Commands.Bulk;

/// <summary><c>/api/v1/commands/runs</c>: one command for all devices that a query finds. Seen by who began it, and who may send in the whole tenant.</summary>
internal static class RunRoutes
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/commands/runs", ListAsync).Requires(Permission.CommandsSend).AcceptsOnly().WithName("ListCommandRuns").WithTags("Commands")
            .WithSummary("Commands for many devices, newest first").Produces<Page<CommandRunInfo>>();
        api.MapPost("/commands/runs", BeginAsync).Requires(Permission.CommandsSend).AcceptsOnly().WithName("RunCommand").WithTags("Commands")
            .WithSummary("Sends a command to all devices that a query finds, at a pace; with dryRun it only says how many").Accepts<RunCommand>("application/json")
            .Produces<CommandRunInfo>().Produces<CommandRunInfo>(StatusCodes.Status202Accepted).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status429TooManyRequests);
        api.MapGet("/commands/runs/{id}", OneAsync).Requires(Permission.CommandsSend).AcceptsOnly().WithName("GetCommandRun").WithTags("Commands")
            .WithSummary("How far it is").Produces<CommandRunInfo>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost("/commands/runs/{id}/cancel", CancelAsync).Requires(Permission.CommandsSend).AcceptsOnly().WithName("CancelCommandRun").WithTags("Commands")
            .WithSummary("Makes no more of its commands and takes back those that were not said yet").Produces<CommandRunInfo>().ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> ListAsync(HttpContext context, CommandStore store, RunDesk desk, CancellationToken cancellationToken)
    {
        var access = context.Access();
        var shown = new List<CommandRunInfo>();
        foreach (var row in (await store.RunsAsync(access.Tenant, open: false, cancellationToken)).Where(r => Sees(access, r.By)))
            shown.Add(await desk.ShowAsync(access.Tenant, row, cancellationToken));
        return Results.Json(new Page<CommandRunInfo>(shown, null), ContractsJson.Default.PageCommandRunInfo);
    }

    private static async Task<IResult> BeginAsync(HttpContext context, RunDesk desk, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.RunCommand, cancellationToken, 80 * 1024);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var (caller, access) = (Caller.Of(context), context.Access());
        var prepared = await desk.PrepareAsync(access.Tenant, request.Value, access, cancellationToken);
        if (!prepared.IsOk)
            return ProblemResults.Of(prepared.Problem);
        var (command, devices) = prepared.Value;
        if (request.Value.DryRun)
        {
            return Results.Json(
                new CommandRunInfo(null, request.Value.Query, command.Name, "dry-run", devices.Count, 0, new Dictionary<string, int>(), caller.Actor, time.GetUtcNow()) { Payload = JsonElement.Parse(command.Payload) },
                ContractsJson.Default.CommandRunInfo);
        }
        var begun = await desk.BeginAsync(caller, By(access), request.Value, command, devices, cancellationToken);
        return begun.IsOk ? await ShowAsync(desk, access.Tenant, begun.Value, StatusCodes.Status202Accepted, cancellationToken) : ProblemResults.Of(begun.Problem);
    }

    private static async Task<IResult> OneAsync(string id, HttpContext context, CommandStore store, RunDesk desk, CancellationToken cancellationToken)
    {
        var access = context.Access();
        return await store.FindRunAsync(access.Tenant, id, cancellationToken) is { } row && Sees(access, row.By)
            ? await ShowAsync(desk, access.Tenant, row, StatusCodes.Status200OK, cancellationToken)
            : ProblemResults.Of(RunDesk.Unknown(id));
    }

    private static async Task<IResult> CancelAsync(string id, HttpContext context, CommandStore store, RunDesk desk, CancellationToken cancellationToken)
    {
        var access = context.Access();
        if (await store.FindRunAsync(access.Tenant, id, cancellationToken) is not { } row || !Sees(access, row.By))
            return ProblemResults.Of(RunDesk.Unknown(id));
        var cancelled = await desk.CancelAsync(Caller.Of(context), id, cancellationToken);
        return cancelled.IsOk ? await ShowAsync(desk, access.Tenant, cancelled.Value, StatusCodes.Status200OK, cancellationToken) : ProblemResults.Of(cancelled.Problem);
    }

    private static async Task<IResult> ShowAsync(RunDesk desk, TenantId tenant, CommandRunRow row, int status, CancellationToken cancellationToken) =>
        Results.Json(await desk.ShowAsync(tenant, row, cancellationToken), ContractsJson.Default.CommandRunInfo, statusCode: status);

    internal static string By(Access access) => $"{access.Principal.Kind}/{access.Principal.Id}";

    internal static bool Sees(Access access, string by) => access.IsWhole(Permission.CommandsSend) || by == By(access);
}
