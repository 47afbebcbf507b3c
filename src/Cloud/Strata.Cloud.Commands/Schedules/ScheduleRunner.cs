using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Commands.Bulk;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Commands;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Commands.Schedules;

/// <summary>
/// Begins runs when they are due. A run's id follows from its schedule and its time, so that one that was begun before the node ended is not begun again. A time that passed while the node was away is left out, or
/// made up for once, as the schedule says.
/// </summary>
internal sealed partial class ScheduleRunner(CommandStore store, RunDesk desk, ScheduleClock clock, TimeProvider time, ILogger<ScheduleRunner> logger) : BackgroundService
{
    /// <summary>Later than this a time was missed.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                foreach (var tenant in clock.Due(time.GetUtcNow()))
                    await LookAsync(tenant, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What was missed is judged at the next start.
        }
    }

    private async Task LookAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        try
        {
            var now = time.GetUtcNow();
            clock.Begin(tenant);
            await using var context = store.Create(tenant);
            var enabled = context.Schedules.AsNoTracking().Where(s => s.Enabled && s.Next != null);
            foreach (var schedule in await enabled.Where(s => s.Next <= now).ToListAsync(cancellationToken))
                await BeginAsync(tenant, schedule, now, cancellationToken);
            clock.End(tenant, await enabled.OrderBy(s => s.Next).Select(s => s.Next).FirstOrDefaultAsync(cancellationToken));
        }
#pragma warning disable CA1031 // It is tried again.
        catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogFailed(failure);
            clock.Changed(tenant);
        }
    }

    private async Task BeginAsync(TenantId tenant, CommandScheduleRow schedule, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var due = schedule.Next!.Value;
        var begun = now - due > Grace && schedule.Missed == SaveSchedule.Skip
            ? new Problem(ProblemKind.Conflict, $"left out: the node was away at {due:yyyy-MM-dd'T'HH:mm:ss'Z'}")
            : await RunAsync(tenant, schedule, due, cancellationToken);
        if (begun is { IsOk: false, Problem.Kind: ProblemKind.Unavailable })
            return; // It stays due, and is tried again at the next look.
        var (run, refusal) = begun.IsOk ? (begun.Value, (string?)null) : (null, begun.Problem.Detail);
        await store.ChangeAsync<CommandScheduleRow>(new Caller(tenant, $"schedule {schedule.Id}"), async (db, _, token) =>
        {
            if (await db.Schedules.AsNoTracking().SingleOrDefaultAsync(s => s.Id == schedule.Id, token) is not { } row || row.Next != schedule.Next)
                return DecidedChange.None(schedule); // Changed meanwhile: its new time counts.
            var next = ScheduleTimes.Next(row.Cron, row.TimeZone, row.At, now);
            var after = row with { Next = next.IsOk ? next.Value : null, Last = due, LastRun = run ?? row.LastRun, LastRefusal = refusal };
            return new DecidedChange<CommandScheduleRow>(after, [(row, after)], "due", "command-schedule", row.Id, null, new { due, run, refusal });
        }, cancellationToken);
    }

    /// <returns>The run, or why there is none.</returns>
    private async Task<Outcome<string>> RunAsync(TenantId tenant, CommandScheduleRow schedule, DateTimeOffset due, CancellationToken cancellationToken)
    {
        var request = JsonSerializer.Deserialize(schedule.Run, ContractsJson.Default.RunCommand)!;
        var prepared = await desk.PrepareAsync(tenant, request, null, cancellationToken);
        if (!prepared.IsOk)
            return prepared.Problem;
        var id = string.Create(CultureInfo.InvariantCulture, $"{CommandNames.RunPrefix}{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(schedule.Id)))[..12]}.{due.ToUnixTimeSeconds():x}");
        var begun = await desk.BeginAsync(new Caller(tenant, $"schedule {schedule.Id}"), SaveSchedule.By, request, prepared.Value.Command, prepared.Value.Devices, cancellationToken, id, schedule.Id);
        return begun.IsOk ? begun.Value.Id : begun.Problem;
    }

    [LoggerMessage(5707, LogLevel.Error, "Scheduled commands could not be looked at; it is tried again.")]
    private partial void LogFailed(Exception failure);
}
