using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Commands;
using Strata.Cloud.Commands.Schedules;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests.Commands;

/// <summary>Commands for many devices, now and at times, by API of a real node.</summary>
public abstract class CommandRunsTests(RunningCloud cloud)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_tells_each_device_that_its_query_finds_and_says_how_far_it_is()
    {
        await using var here = await TestDevice.CreateAsync(cloud, "run-a-1", model: "RUN");
        await using var away = await TestDevice.CreateAsync(cloud, "run-a-2", model: "RUN");
        await using var refused = await TestDevice.CreateAsync(cloud, "run-a-3", model: "RUN-X");
        await cloud.Client.PutCommandSchemaAsync("RUN-X", "blink", JsonElement.Parse("false"), Cancel);
        await here.ConnectAsync();
        var dry = await cloud.Client.RunCommandAsync(new RunCommand("id:run-a-*", "blink") { DryRun = true }, Cancel);
        Assert.Equal((null, "dry-run", 3), (dry.Id, dry.State, dry.Found));
        var run = await cloud.Client.RunCommandAsync(new RunCommand("id:run-a-*", "blink", JsonElement.Parse("""{"times":2}""")) { Expires = TimeSpan.FromMinutes(10) }, Cancel);
        Assert.Equal(("running", 3), (run.State, run.Found));
        var heard = await here.NextAsync();
        Assert.Equal(("blink", run.Id, """{"times":2}"""), (heard.Name, heard.Request, heard.Payload));
        await here.AnswerAsync(heard.Name, heard.Request, "");
        run = await UntilAsync(run.Id!, r => r.Made == 3 && r.Counts.GetValueOrDefault("succeeded") == 1);
        Assert.Equal((1, 1, 1), (run.Counts["succeeded"], run.Counts["queued"], run.Counts["refused"]));
        Assert.Equal("run-a-3", Assert.Single(run.Refusals).Device);
        Assert.Equal(2, (await cloud.Client.ListCommandsAsync(run: run.Id, cancellationToken: Cancel)).Items.Count);
        // What is left of it is taken back.
        Assert.Equal("cancelled", (await cloud.Client.CancelCommandRunAsync(run.Id!, Cancel)).State);
        Assert.Equal("cancelled", (await cloud.Client.GetCommandAsync("run-a-2", run.Id!, cancellationToken: Cancel)).State);
        Assert.Equal(HttpStatusCode.NotFound, (await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.RunCommandAsync(new RunCommand("id:nobody-*", "blink"), Cancel))).StatusCode);
        Assert.Contains((await cloud.Client.ListAuditAsync(new AuditQuery { Kind = "command-run" }, cancellationToken: Cancel)).Items, a => a.Action == "send" && a.Id == run.Id);
    }

    [Fact]
    public async Task Nobody_tells_many_devices_to_wipe_themselves_now_or_at_a_time()
    {
        await using var device = await TestDevice.CreateAsync(cloud, "unwiped-1");
        var wipe = new RunCommand("id:unwiped-*", "wipe");
        foreach (var refused in new[]
        {
            await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.RunCommandAsync(wipe, Cancel)),
            await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.PutCommandScheduleAsync("wipe-all", new SaveCommandSchedule(wipe) { Cron = "0 3 * * *" }, Cancel)),
        })
            Assert.Equal((HttpStatusCode.BadRequest, "name", "A device is told to wipe itself by its decommissioning."), (refused.StatusCode, refused.Field, refused.Message));
    }

    [Fact]
    public async Task A_run_keeps_its_pace_and_goes_on_after_a_restart_and_tells_nobody_twice()
    {
        for (var i = 0; i < 12; i++)
            await (await TestDevice.CreateAsync(cloud, $"pace-{i:00}")).DisposeAsync();
        var run = await cloud.Client.RunCommandAsync(new RunCommand("id:pace-*", "tick") { Rate = 2 }, Cancel);
        var early = await UntilAsync(run.Id!, r => r.Made >= 2);
        Assert.True(early.Made < 12, $"{early.Made} at once");
        await cloud.StopAsync();
        await cloud.StartAsync();
        run = await UntilAsync(run.Id!, r => r.Made == 12);
        Assert.True(TimeProvider.System.GetUtcNow() - run.Started >= TimeSpan.FromSeconds(4), "too quick");
        var made = (await cloud.Client.ListCommandsAsync(run: run.Id, cancellationToken: Cancel)).Items;
        Assert.Equal(12, made.Select(c => c.Device).Distinct().Count());
        Assert.Equal(12, made.Count);
        // Two at once: one device answers nothing, so that the others wait.
        var narrow = await cloud.Client.RunCommandAsync(new RunCommand("id:pace-*", "tock") { Concurrency = 2 }, Cancel);
        narrow = await UntilAsync(narrow.Id!, r => r.Made == 2);
        foreach (var command in (await cloud.Client.ListCommandsAsync(run: narrow.Id, cancellationToken: Cancel)).Items)
            await cloud.Client.CancelCommandAsync(command.Device, command.Request, Cancel);
        Assert.Equal(4, (await UntilAsync(narrow.Id!, r => r.Made == 4)).Made);
        await cloud.Client.CancelCommandRunAsync(narrow.Id!, Cancel);
    }

    [Fact]
    public async Task A_schedule_begins_its_run_once_at_its_time_and_what_was_missed_is_left_out_or_made_up_for_once()
    {
        await using var device = await TestDevice.CreateAsync(cloud, "sched-1");
        var once = await cloud.Client.PutCommandScheduleAsync("soon", new SaveCommandSchedule(new RunCommand("id:sched-1", "wake")) { At = TimeProvider.System.GetUtcNow().AddSeconds(2) }, Cancel);
        Assert.NotNull(once.Next);
        var done = await ScheduleAsync("soon", s => s.LastRun is not null);
        Assert.Null(done.Next);
        await UntilAsync(done.LastRun!, r => r.Made == 1);
        Assert.Single((await cloud.Client.ListCommandsAsync("sched-1", cancellationToken: Cancel)).Items);
        foreach (var (wrong, field) in ((SaveCommandSchedule, string)[])
            [(new(new("id:*", "a")) { Cron = "61 * * * *" }, "cron"), (new(new("id:*", "a")) { Cron = "0 3 * * *", TimeZone = "Mars/Base" }, "timeZone"), (new(new("id:*", "a")) { At = TimeProvider.System.GetUtcNow().AddDays(-1) }, "at"), (new(new("id:*", "a")), "cron")])
            Assert.Equal(field, (await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.PutCommandScheduleAsync("wrong", wrong, Cancel))).Field);
        // The node was away at the time: the row says a time long past.
        foreach (var missed in (string[])["skip", "once"])
        {
            await cloud.Client.PutCommandScheduleAsync($"m-{missed}", new SaveCommandSchedule(new RunCommand("id:sched-1", $"w-{missed}")) { Cron = "0 3 * * *", TimeZone = "Europe/Zurich", Missed = missed }, Cancel);
            var store = cloud.Node.Services.GetRequiredService<CommandStore>();
            await store.ChangeAsync<Strata.Cloud.Commands.Rows.CommandScheduleRow>(Platform.Caller.Node(Core.Tenancy.TenantId.Main), (db, now, token) =>
            {
                var row = db.Schedules.Single(s => s.Id == $"m-{missed}");
                db.ChangeTracker.Clear();
                var after = row with { Next = now.AddDays(-3) };
                return Task.FromResult<Core.Outcome<Platform.DecidedChange<Strata.Cloud.Commands.Rows.CommandScheduleRow>>>(new Platform.DecidedChange<Strata.Cloud.Commands.Rows.CommandScheduleRow>(after, [(row, after)], "test", "command-schedule", row.Id, null, null));
            }, Cancel);
        }
        var skipped = await ScheduleAsync("m-skip", s => s.LastRefusal is not null);
        Assert.StartsWith("left out: the node was away at ", skipped.LastRefusal, StringComparison.Ordinal);
        Assert.True(skipped.Next > TimeProvider.System.GetUtcNow());
        var made = await ScheduleAsync("m-once", s => s.LastRun is not null);
        Assert.True(made.Next > TimeProvider.System.GetUtcNow() && made.LastRefusal is null);
        await UntilAsync(made.LastRun!, r => r.Made == 1);
        Assert.Equal(["w-once", "wake"], (await cloud.Client.ListCommandsAsync("sched-1", cancellationToken: Cancel)).Items.Select(c => c.Name).Order());
        await cloud.Client.DeleteCommandScheduleAsync("m-once", Cancel);
        await cloud.Client.DeleteCommandScheduleAsync("m-skip", Cancel);
    }

    [Fact]
    public void A_night_in_which_clocks_change_has_its_time_once()
    {
        var night = new DateTimeOffset(2026, 10, 25, 0, 0, 0, TimeSpan.Zero); // 02:30 comes twice in Zurich.
        var first = ScheduleTimes.Next("30 2 * * *", "Europe/Zurich", null, night).Value!.Value;
        Assert.Equal(new DateTimeOffset(2026, 10, 25, 0, 30, 0, TimeSpan.Zero), first);
        Assert.Equal(new DateTimeOffset(2026, 10, 26, 1, 30, 0, TimeSpan.Zero), ScheduleTimes.Next("30 2 * * *", "Europe/Zurich", null, first).Value);
        Assert.Equal(new DateTimeOffset(2026, 3, 29, 1, 0, 0, TimeSpan.Zero), ScheduleTimes.Next("30 2 * * *", "Europe/Zurich", null, new DateTimeOffset(2026, 3, 28, 12, 0, 0, TimeSpan.Zero)).Value);
    }

    private async Task<CommandRunInfo> UntilAsync(string run, Func<CommandRunInfo, bool> holds)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(Patience);
        while (true)
        {
            var info = await cloud.Client.GetCommandRunAsync(run, limit.Token);
            if (holds(info))
                return info;
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, limit.Token);
        }
    }

    private async Task<CommandScheduleInfo> ScheduleAsync(string id, Func<CommandScheduleInfo, bool> holds)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(Patience);
        while (true)
        {
            if ((await cloud.Client.ListCommandSchedulesAsync(limit.Token)).Items.FirstOrDefault(s => s.Id == id) is { } info && holds(info))
                return info;
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, limit.Token);
        }
    }
}

public sealed class CommandRunsInFilesTests(RunningCloud cloud) : CommandRunsTests(cloud), IClassFixture<RunningCloud>;

public sealed class CommandRunsInPostgresTests(RunningCloudOnPostgres cloud) : CommandRunsTests(cloud), IClassFixture<RunningCloudOnPostgres>;
