using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Commands.Bulk;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Commands;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Reads;

namespace Strata.Cloud.Commands.Schedules;

/// <summary><c>/api/v1/commands/schedules</c>: runs that are begun at times. They reach the whole tenant, and so are for who may send in all of it.</summary>
internal static class ScheduleRoutes
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/commands/schedules", ListAsync).Requires(Permission.CommandsSend).AcceptsOnly().WithName("ListCommandSchedules").WithTags("Commands")
            .WithSummary("Commands that are sent at times").Produces<Page<CommandScheduleInfo>>();
        api.MapPut("/commands/schedules/{id}", SaveSchedule.HandleAsync).Requires(Permission.CommandsSend).AcceptsOnly().WithName("PutCommandSchedule").WithTags("Commands")
            .WithSummary("Sets when a command is sent to many: by cron and time zone, or once").Accepts<SaveCommandSchedule>("application/json").Produces<CommandScheduleInfo>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapDelete("/commands/schedules/{id}", DeleteAsync).Requires(Permission.CommandsSend).AcceptsOnly().WithName("DeleteCommandSchedule").WithTags("Commands")
            .WithSummary("It is not begun any more; runs that were go on").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ListAsync(HttpContext context, CommandStore store, CancellationToken cancellationToken)
    {
        if (!context.Access().IsWhole(Permission.CommandsSend))
            return Results.Json(new Page<CommandScheduleInfo>([], null), ContractsJson.Default.PageCommandScheduleInfo);
        await using var db = store.Create(context.Tenant());
        var rows = await db.Schedules.AsNoTracking().OrderBy(s => s.Id).ToListAsync(cancellationToken);
        return Results.Json(new Page<CommandScheduleInfo>([.. rows.Select(SaveSchedule.Info)], null), ContractsJson.Default.PageCommandScheduleInfo);
    }

    private static async Task<IResult> DeleteAsync(string id, HttpContext context, CommandStore store, ScheduleClock clock, CancellationToken cancellationToken)
    {
        if (!context.Access().IsWhole(Permission.CommandsSend))
            return ProblemResults.Of(SaveSchedule.Unknown(id));
        var outcome = await store.ChangeAsync<CommandScheduleRow>(Caller.Of(context), async (db, _, token) =>
            await db.Schedules.AsNoTracking().SingleOrDefaultAsync(s => s.Id == id, token) is { } row
                ? new DecidedChange<CommandScheduleRow>(row, [(row, null)], "delete", "command-schedule", id, SaveSchedule.Info(row), null)
                : SaveSchedule.Unknown(id), cancellationToken, row => clock.Changed(TenantId.Parse(row.TenantId)));
        return outcome.ToResult(_ => Results.NoContent());
    }
}

/// <summary><c>PUT /api/v1/commands/schedules/{id}</c>.</summary>
internal static class SaveSchedule
{
    public const string Skip = "skip";

    public const string Once = "once";

    /// <summary>Whose runs they are.</summary>
    public const string By = "Schedule";

    public static Problem Unknown(string id) => new(ProblemKind.NotFound, $"There is no schedule '{id}'.", "id");

    public static async Task<IResult> HandleAsync(string id, HttpContext context, CommandStore store, RunDesk desk, ScheduleClock clock, CommandsOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var access = context.Access();
        if (Access.Refusal(access.Decide(Permission.CommandsSend, site: null), () => Unknown(id)) is { } refusal)
            return ProblemResults.Of(refusal);
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.SaveCommandSchedule, cancellationToken, 80 * 1024);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (CommandNames.CheckName(id) is { } wrong)
            return ProblemResults.Of(wrong with { Field = "id" });
        if (request.Value.Run is null)
            return ProblemResults.Of(ProblemKind.Invalid, "Say what is sent: run, as for a run now.", "run");
        if ((request.Value.Missed ?? Skip) is var missed && missed is not (Skip or Once))
            return ProblemResults.Of(ProblemKind.Invalid, "missed is skip (times that pass while the node is away are left out) or once (one run afterwards for all of them).", "missed");
        var next = ScheduleTimes.Next(request.Value.Cron, request.Value.TimeZone, request.Value.At, time.GetUtcNow());
        if (!next.IsOk)
            return ProblemResults.Of(next.Problem);
        if (next.Value is null)
            return ProblemResults.Of(ProblemKind.Invalid, request.Value.At is { } past ? $"{past:yyyy-MM-dd'T'HH:mm:ssK} is past; give a time to come." : $"'{request.Value.Cron}' never comes.", request.Value.At is null ? "cron" : "at");
        var prepared = await desk.PrepareAsync(access.Tenant, request.Value.Run with { DryRun = false }, access, cancellationToken);
        if (!prepared.IsOk)
            return ProblemResults.Of(prepared.Problem);
        var caller = Caller.Of(context);
        var outcome = await store.ChangeAsync<CommandScheduleRow>(caller, async (db, now, token) =>
        {
            var before = await db.Schedules.AsNoTracking().SingleOrDefaultAsync(s => s.Id == id, token);
            if (before is null && await db.Schedules.CountAsync(token) >= options.MaxSchedules)
                return new Problem(ProblemKind.TooMuch, $"{options.MaxSchedules:N0} schedules are all there may be.");
            var row = new CommandScheduleRow
            {
                TenantId = db.Tenant.Value, Id = id, Run = JsonSerializer.Serialize(request.Value.Run with { DryRun = false }, ContractsJson.Default.RunCommand), Cron = request.Value.Cron, TimeZone = request.Value.TimeZone,
                At = Whole(request.Value.At), Missed = missed, Enabled = request.Value.Enabled, Next = Whole(next.Value), Last = before?.Last, LastRun = before?.LastRun, LastRefusal = before?.LastRefusal,
                Actor = caller.Actor, Changed = now,
            };
            return new DecidedChange<CommandScheduleRow>(row, [(before, row)], before is null ? "create" : "change", "command-schedule", id, before is null ? null : Info(before), Info(row));
        }, cancellationToken, row => clock.Changed(caller.Tenant));
        return outcome.ToResult(row => Results.Json(Info(row), ContractsJson.Default.CommandScheduleInfo));
    }

    public static CommandScheduleInfo Info(CommandScheduleRow row) => new(
        row.Id, JsonSerializer.Deserialize(row.Run, ContractsJson.Default.RunCommand)!, row.Cron, row.TimeZone, row.At, row.Missed, row.Enabled, row.Enabled ? row.Next : null, row.Actor, row.Changed)
    {
        LastRun = row.LastRun, Last = row.Last, LastRefusal = row.LastRefusal,
    };

    /// <summary>As tables keep it, in whole microseconds.</summary>
    private static DateTimeOffset? Whole(DateTimeOffset? time) => time is { } at ? EventTime.ToDateTimeOffset(EventTime.From(at)) : null;
}
