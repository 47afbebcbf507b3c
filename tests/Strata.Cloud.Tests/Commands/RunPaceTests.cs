using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Cloud.Commands;
using Strata.Cloud.Commands.Bulk;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Commands.Schedules;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tests.Commands;

/// <summary>What runs do when they cannot go on, and when they cannot be begun.</summary>
public sealed class RunPaceTests(RunningCloud cloud) : IClassFixture<RunningCloud>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_waits_while_the_tenant_has_no_room_and_refuses_nobody_for_it()
    {
        for (var i = 1; i <= 4; i++)
            await (await TestDevice.CreateAsync(cloud, $"room-{i}")).DisposeAsync();
        await using var commands = new LoneCommands(cloud, new CommandsOptions { MaxOpenOfTenant = 2 });
        await commands.StartAsync(says: false);
        await commands.StartAsync(new RunPacer(commands.Store, commands.Writer, commands.Book, commands.Desk, commands.Fleet, commands.Options, commands.Time, NullLogger<RunPacer>.Instance));
        var request = new RunCommand("id:room-*", "tick") { Rate = 100 };
        var prepared = (await commands.Runs.PrepareAsync(TenantId.Main, request, null, Cancel)).Value;
        var run = (await commands.Runs.BeginAsync(LoneCommands.Me, "test", request, prepared.Command, prepared.Devices, Cancel)).Value!;
        await commands.UntilAsync(() => Made(run.Id).Made >= 2, "the first commands of the run");
        Assert.Equal((2, 0, 4), Made(run.Id));
        Assert.True((await commands.Desk.CancelAsync(LoneCommands.Me, "room-1", run.Id, Cancel)).IsOk);
        await commands.UntilAsync(() => Made(run.Id).Made >= 3, "one more");
        Assert.Equal((3, 0, 4), Made(run.Id));

        (int Made, int Refused, int Found) Made(string id) => commands.Book.RunsOf(TenantId.Main).Single(r => r.Id == id) is var now ? (now.Made, now.Refused, now.Found) : default;
    }

    [Fact]
    public async Task A_scheduled_run_that_cannot_be_written_just_now_is_begun_when_it_can()
    {
        await using var device = await TestDevice.CreateAsync(cloud, "again-1");
        await using var away = new LoneCommands(cloud);
        await using var commands = new LoneCommands(cloud);
        await away.StartAsync(says: false);
        await away.Writer.StopAsync(Cancel); // Whatever is to be written is answered with: not just now.
        await commands.StartAsync(says: false);
        var due = EventTime.ToDateTimeOffset(EventTime.From(commands.Time.GetUtcNow().AddSeconds(-5)));
        await PutAsync(commands, due);
        var clock = new ScheduleClock();
        clock.Changed(TenantId.Main);
        using (var first = new ScheduleRunner(commands.Store, away.Runs, clock, commands.Time, NullLogger<ScheduleRunner>.Instance))
        {
            await first.StartAsync(Cancel);
            await commands.UntilAsync(() => clock.Due(DateTimeOffset.MinValue).Count == 0 && clock.Due(due).Count == 1, "that it was looked at, and is due still");
            await first.StopAsync(Cancel);
        }
        Assert.Equal((due, null, null), await ScheduleAsync(commands));
        await commands.StartAsync(new ScheduleRunner(commands.Store, commands.Runs, clock, commands.Time, NullLogger<ScheduleRunner>.Instance));
        await commands.UntilAsync(() => clock.Due(due).Count == 0 && clock.Due(due.AddDays(2)).Count == 1, "that it was begun");
        var (next, run, refusal) = await ScheduleAsync(commands);
        Assert.True(next > due && refusal is null, $"{next} {refusal}");
        Assert.Equal(run, Assert.Single(await commands.Store.RunsAsync(TenantId.Main, open: false, Cancel), r => r.Schedule == "daily").Id);
    }

    private static async Task PutAsync(LoneCommands commands, DateTimeOffset due)
    {
        var put = await commands.Store.ChangeAsync<CommandScheduleRow>(LoneCommands.Me, (_, now, _) =>
        {
            var row = new CommandScheduleRow
            {
                TenantId = TenantId.Main.Value, Id = "daily", Run = JsonSerializer.Serialize(new RunCommand("id:again-*", "wake"), ContractsJson.Default.RunCommand), Cron = "0 3 * * *", Missed = SaveSchedule.Once, Enabled = true,
                Next = due, Actor = "test", Changed = now,
            };
            return Task.FromResult<Outcome<DecidedChange<CommandScheduleRow>>>(new DecidedChange<CommandScheduleRow>(row, [(null, row)], "create", "command-schedule", row.Id, null, null));
        }, Cancel);
        Assert.True(put.IsOk, put.Problem?.Detail);
    }

    private static async Task<(DateTimeOffset? Next, string? Run, string? Refusal)> ScheduleAsync(LoneCommands commands)
    {
        await using var context = commands.Store.Create(TenantId.Main);
        return context.Schedules.Single(s => s.Id == "daily") is var row ? (row.Next, row.LastRun, row.LastRefusal) : default;
    }
}
