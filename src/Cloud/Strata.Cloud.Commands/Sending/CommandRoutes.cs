using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Commands;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Reads;

namespace Strata.Cloud.Commands.Sending;

/// <summary><c>/api/v1/devices/{id}/commands</c> and <c>/api/v1/commands</c>: commands of devices that the caller may see; sent by who may.</summary>
internal static class CommandRoutes
{
    private const int MaxBodyBytes = 80 * 1024;

    /// <summary>Rows that are looked through for one page of a caller who sees a part.</summary>
    private const int MostLookedAt = 20_000;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/devices/{id}/commands", SendAsync).Requires(Permission.CommandsSend).AcceptsOnly().WithName("SendCommand").WithTags("Commands")
            .WithSummary("Tells a device to do something: at once, waiting for its answer, or when it comes. Under a request's id (the field or Idempotency-Key) it is done once however often it is sent")
            .Accepts<SendCommand>("application/json").Produces<CommandInfo>().Produces<CommandInfo>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status413PayloadTooLarge).ProducesProblem(StatusCodes.Status429TooManyRequests);
        api.MapGet("/devices/{id}/commands", (string id, string? state, string? cursor, string? limit, HttpContext context, CommandStore store, IFleet fleet, CancellationToken cancellationToken) =>
                ListAsync(id, state, null, cursor, limit, context, store, fleet, cancellationToken)).Requires(Permission.DevicesRead).AcceptsOnly("state", "cursor", "limit").WithName("ListCommandsOfDevice").WithTags("Commands")
            .WithSummary("A device's commands, newest first").Produces<Page<CommandInfo>>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/devices/{id}/commands/{request}", OneAsync).Requires(Permission.DevicesRead).AcceptsOnly("wait").WithName("GetCommand").WithTags("Commands")
            .WithSummary("A command with its payload and result; with wait when it is over, so long at most").Produces<CommandInfo>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost("/devices/{id}/commands/{request}/cancel", CancelAsync).Requires(Permission.CommandsSend).AcceptsOnly().WithName("CancelCommand").WithTags("Commands")
            .WithSummary("Takes a command back; what was said to the device already it may do all the same").Produces<CommandInfo>().ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapGet("/commands", (string? device, string? state, string? run, string? cursor, string? limit, HttpContext context, CommandStore store, IFleet fleet, CancellationToken cancellationToken) =>
                ListAsync(device, state, run, cursor, limit, context, store, fleet, cancellationToken)).Requires(Permission.DevicesRead).AcceptsOnly("device", "state", "run", "cursor", "limit").WithName("ListCommands").WithTags("Commands")
            .WithSummary("Commands of all devices, newest first").Produces<Page<CommandInfo>>().ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> SendAsync(string id, HttpContext context, CommandDesk desk, CommandStore store, IFleet fleet, CommandsOptions options, CancellationToken cancellationToken)
    {
        var found = Find(context, fleet, id, Permission.CommandsSend);
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.SendCommand, cancellationToken, MaxBodyBytes);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem, request.Problem.Kind is ProblemKind.TooMuch ? StatusCodes.Status413PayloadTooLarge : null);
        var command = NewCommand.Of(request.Value, context.Request.Headers["Idempotency-Key"] is [{ Length: > 0 } key] ? key : null, options);
        if (!command.IsOk)
            return ProblemResults.Of(command.Problem, command.Problem.Kind is ProblemKind.TooMuch ? StatusCodes.Status413PayloadTooLarge : null);
        var caller = Caller.Of(context);
        var sent = await desk.SendAsync(caller, found.Value, command.Value, cancellationToken);
        if (sent.IsOk && command.Value.Wait is { } wait)
            sent = await desk.WaitAsync(caller.Tenant, sent.Value, wait + TimeSpan.FromSeconds(2), cancellationToken);
        return sent.IsOk ? await ShowAsync(store, caller.Tenant, sent.Value, sent.Value.Ended is null ? StatusCodes.Status202Accepted : StatusCodes.Status200OK, cancellationToken) : ProblemResults.Of(sent.Problem);
    }

    private static async Task<IResult> OneAsync(string id, string request, string? wait, HttpContext context, CommandDesk desk, CommandStore store, IFleet fleet, CommandsOptions options, CancellationToken cancellationToken)
    {
        var found = Find(context, fleet, id, Permission.DevicesRead);
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        TimeSpan? longest = null;
        if (wait is not null)
        {
            if (!TryDuration(wait, out var said) || said < TimeSpan.Zero || said > options.LongestWait)
                return ProblemResults.Of(ProblemKind.Invalid, $"'wait' is a duration of at most {options.LongestWait.TotalSeconds:0} s: 30s, or 00:00:30.", "wait");
            longest = said;
        }
        var tenant = context.Tenant();
        if (await desk.FindAsync(tenant, id, request, cancellationToken) is not { } row)
            return ProblemResults.Of(CommandDesk.Unknown(request));
        if (longest is { } until && row.Ended is null)
        {
            var waited = await desk.WaitAsync(tenant, row, until, cancellationToken);
            if (!waited.IsOk)
                return ProblemResults.Of(waited.Problem);
            row = waited.Value;
        }
        return await ShowAsync(store, tenant, row, StatusCodes.Status200OK, cancellationToken);
    }

    private static async Task<IResult> CancelAsync(string id, string request, HttpContext context, CommandDesk desk, IFleet fleet, CancellationToken cancellationToken)
    {
        var found = Find(context, fleet, id, Permission.CommandsSend);
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        var cancelled = await desk.CancelAsync(Caller.Of(context), id, request, cancellationToken);
        return cancelled.ToResult(row => Results.Json(CommandViews.Info(row), ContractsJson.Default.CommandInfo));
    }

    private static async Task<IResult> ListAsync(string? device, string? state, string? run, string? cursor, string? limit, HttpContext context, CommandStore store, IFleet fleet, CancellationToken cancellationToken)
    {
        var access = context.Access();
        if (device is not null && Find(context, fleet, device, Permission.DevicesRead) is { IsOk: false } unknown)
            return ProblemResults.Of(unknown.Problem);
        if (state is not null && !CommandStates.TryParse(state, out _))
            return ProblemResults.Of(ProblemKind.Invalid, $"'{(state.Length > 40 ? state[..40] + "..." : state)}' is no state of a command; there are {string.Join(", ", CommandStates.All.Select(CommandStates.NameOf))}.", "state");
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        (DateTimeOffset, string)? after = null;
        if (page.Value.After is { } key)
        {
            if (key.Split('|', 2) is not [var ticks, var last] || !long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at) || at > DateTimeOffset.MaxValue.UtcTicks)
                return ProblemResults.Of(Paging.WrongCursor);
            after = (new DateTimeOffset(at, TimeSpan.Zero), last);
        }
        var shown = new List<CommandRow>();
        var whole = access.IsWhole(Permission.DevicesRead);
        for (var looked = 0; looked < MostLookedAt;)
        {
            var rows = await store.ListAsync(access.Tenant, device, state, run, after, page.Value.Limit + 1, cancellationToken);
            shown.AddRange(rows.Where(r => whole || (DeviceId.TryParse(r.Device, out var of) && access.Sees(Permission.DevicesRead, of))));
            if (rows.Count <= page.Value.Limit || shown.Count > page.Value.Limit)
                break;
            looked += rows.Count;
            after = (rows[^1].Created, rows[^1].Key);
        }
        return Results.Json(
            Paging.ToPage([.. shown.Take(page.Value.Limit + 1).Select(CommandViews.Info)], page.Value.Limit, static c => string.Create(CultureInfo.InvariantCulture, $"{c.Created.UtcTicks}|{CommandRow.KeyOf(c.Device, c.Request)}")),
            ContractsJson.Default.PageCommandInfo);
    }

    /// <summary>The device, where the caller may do this to it.</summary>
    internal static Outcome<FleetDevice> Find(HttpContext context, IFleet fleet, string id, Permission permission)
    {
        var unknown = new Problem(ProblemKind.NotFound, $"There is no device '{(id.Length > 128 ? id[..128] + "..." : id)}'.", "device");
        if (!DeviceId.TryParse(id, out var device) || fleet.Find(context.Tenant(), device) is not { } found)
            return unknown;
        return Access.Refusal(context.Access().Decide(permission, found.Site), () => unknown) is { } refusal ? refusal : found;
    }

    /// <summary>Without what cannot be opened any more.</summary>
    internal static async Task<IResult> ShowAsync(CommandStore store, TenantId tenant, CommandRow row, int status, CancellationToken cancellationToken)
    {
        var (payload, result) = (row.PayloadId, CommandContentRow.ResultOf(row.Key));
        var contents = await store.ContentsAsync(tenant, [payload, result], cancellationToken);
        return Results.Json(CommandViews.Info(row, contents.GetValueOrDefault(payload), contents.GetValueOrDefault(result)), ContractsJson.Default.CommandInfo, statusCode: status);
    }

    private static bool TryDuration(string text, out TimeSpan duration) =>
        DurationText.TryParse(text, out duration) || TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out duration);
}
