using System.Net;
using System.Text;
using System.Text.Json;
using System.Net.Http.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using MQTTnet;
using MQTTnet.Protocol;
using Strata.Cloud.Contracts;
using Strata.Cloud.Updates.Jobs;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Ingest;

namespace Strata.Cloud.Tests.Updates;

public abstract partial class RolloutsTests(RolloutCloud cloud) : RolloutSteps(cloud)
{
    [Fact]
    public async Task A_rollout_goes_from_ring_to_ring_over_a_restart_and_a_device_reads_only_its_own_job()
    {
        var devices = await DevicesAsync("go", 20);
        await Cloud.Client.CreateDeviceAsync(new CreateDevice("go-other", Model: "m2") { Tags = new Dictionary<string, string> { ["run"] = "go" } }, Cancel);
        var request = new CreateRollout(FewArtifacts.New.Id, "tag.run=go", Rings: [new(0.1, TimeSpan.FromHours(1)), new(1, TimeSpan.Zero)]);
        var plan = await Cloud.Client.PlanRolloutAsync(request, Cancel);
        Assert.Equal((21, 20), (plan.Matched, plan.Targets));
        Assert.Equal("it is for 'm1', and this is 'm2'", Assert.Single(plan.Excluded).Why);
        Assert.Equal([2, 18], plan.Rings.Select(r => r.Targets));

        var rollout = await Cloud.Client.CreateRolloutAsync(request, Cancel);
        Assert.Equal("drafted", rollout.State);
        Assert.Equal("waitingForApproval", (await Cloud.Client.StepRolloutAsync(rollout.Id, "start", cancellationToken: Cancel)).State);
        Assert.Equal(HttpStatusCode.Conflict, (await Assert.ThrowsAsync<StrataApiException>(() => Cloud.Client.DeleteRolloutAsync(rollout.Id, Cancel))).StatusCode);
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => Cloud.Client.StepRolloutAsync(rollout.Id, "approve", cancellationToken: Cancel));
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        var bob = new StrataClient(Cloud.NewClient(), (await Cloud.Client.CreateTokenAsync(new CreateToken([new GrantInfo("tenant-admin")], "bob"), Cancel)).Token);
        Assert.Equal(("running", "bob"), Both(await bob.StepRolloutAsync(rollout.Id, "approve", cancellationToken: Cancel)));

        var jobs = await PollAsync(devices);
        Assert.Equal(2, jobs.Count);
        var (canary, job) = jobs.First();
        Assert.Equal((rollout.Id, "update", 1, "soft", "app", "2.0"), (job.Job!, job.Kind!, job.Attempt!.Value, job.Mode!, job.Component!, job.Version!));
        Assert.Equal(($"/artifacts/{FewArtifacts.New.Sha256}", 300), (job.Artifact!.Url, job.ConfirmWithin!.Value));
        foreach (var id in jobs.Keys)
            await ReportAsync(devices[id], rollout.Id, new JobReport("trial"), HttpStatusCode.NoContent);
        var stranger = devices.Keys.First(d => !jobs.ContainsKey(d));
        await ReportAsync(devices[stranger], rollout.Id, new JobReport("succeeded"), HttpStatusCode.NotFound);
        using (var other = Cloud.As(devices[stranger]))
            Assert.Equal(HttpStatusCode.NotFound, (await other.GetAsync($"/api/v1/devices/{canary}/jobs/next", Cancel)).StatusCode);

        await Cloud.StopAsync();
        await Cloud.StartAsync();
        Assert.Equal("trial", Assert.Single((await Cloud.Client.ListRolloutDevicesAsync(rollout.Id, "trial", limit: 1, cancellationToken: Cancel)).Items).State);
        Assert.Equal(2, (await PollAsync(devices)).Count);
        foreach (var id in jobs.Keys)
            await ReportAsync(devices[id], rollout.Id, new JobReport("succeeded", Version: "2.0"), HttpStatusCode.NoContent);
        await ReportAsync(devices[canary], rollout.Id, new JobReport("failed"), HttpStatusCode.Conflict);
        await Cloud.LookAsync();
        Assert.Equal("soaking", (await Cloud.Client.GetRolloutAsync(rollout.Id, Cancel)).State);
        Cloud.Time.Offset += TimeSpan.FromMinutes(61);
        await Cloud.LookAsync();
        var second = await Cloud.Client.GetRolloutAsync(rollout.Id, Cancel);
        Assert.Equal(("running", 2, "goOn"), (second.State, second.Ring, second.Rings[0].Decision));
        await Cloud.Client.CreateDeviceAsync(new CreateDevice("go-late", Model: "m1") { Tags = new Dictionary<string, string> { ["run"] = "go" } }, Cancel);
        foreach (var id in (await PollAsync(devices)).Keys)
            await ReportAsync(devices[id], rollout.Id, new JobReport("succeeded", Version: "2.0"), HttpStatusCode.NoContent);
        Cloud.Time.Offset += TimeSpan.FromSeconds(2);
        await Cloud.LookAsync();
        Assert.Contains("go-late", (await Cloud.Client.ListRolloutDevicesAsync(rollout.Id, "waiting", cancellationToken: Cancel)).Items.Select(d => d.Device));
        await Cloud.LookAsync();
        Assert.Equal("done", (await Cloud.Client.GetRolloutAsync(rollout.Id, Cancel)).State);

        var software = Assert.Single((await Cloud.Client.ListDeviceSoftwareAsync(canary, Cancel)).Items);
        Assert.Equal(("app", "2.0", rollout.Id), (software.Component, software.Version, software.Rollout!));
        Assert.Equal(20, (await Cloud.Client.ListAffectedAsync("openssl", ">=3.0 <3.1", Cancel)).Items.Count(d => d.Device.StartsWith("go-", StringComparison.Ordinal)));
        Assert.DoesNotContain((await Cloud.Client.ListAffectedAsync("openssl", "<3.0.14", Cancel)).Items, d => d.Device.StartsWith("go-", StringComparison.Ordinal));
        var audit = (await Cloud.Client.ListAuditAsync(new AuditQuery(Kind: "rollout"), cancellationToken: Cancel)).Items.Where(a => a.Id == rollout.Id).Select(a => $"{a.Actor} {a.Action}").ToArray();
        Assert.Contains("bob approve", audit);
        Assert.Equal(2, audit.Count(a => a == "node go on"));
    }

    [Fact]
    public async Task A_build_that_devices_go_back_from_is_stopped_and_the_rest_is_taken_back()
    {
        var devices = await RunOldAsync("bad", 12);
        var posted = System.Threading.Channels.Channel.CreateUnbounded<RolloutInfo>();
        await using var receiver = await TestHook.StartAsync(async context => posted.Writer.TryWrite((await context.Request.ReadFromJsonAsync(ContractsJson.Default.RolloutInfo, Cancel))!), Cancel);
        await Cloud.Client.PutHookAsync("rollouts", new SaveHook($"{receiver.Urls.Single()}/hook", ["rollout.aborted"]), Cancel);
        using var application = await TestApplication.ListenAsync(Cloud, Cloud.Node.AdminToken, "fleet/rollouts", Cancel);
        var bad = await StartAsync(new CreateRollout(FewArtifacts.New.Id, "tag.run=bad", Rings: [new(0.5, TimeSpan.FromHours(1)), new(1, TimeSpan.Zero)], NeedsApproval: false));
        var jobs = await PollAsync(devices);
        Assert.Equal(6, jobs.Count);
        Assert.All(jobs.Values, j => Assert.Equal((FewArtifacts.Old.Sha256, new string('c', 64)), (j.Delta!.From, j.Delta.Sha256)));
        foreach (var (id, i) in jobs.Keys.Select((id, i) => (id, i)))
            await ReportAsync(devices[id], bad.Id, i == 0 ? new JobReport("rolledBack", "watchdog", "1.0") : new JobReport("succeeded", Version: "2.0"), HttpStatusCode.NoContent);
        await Cloud.LookAsync();
        var stopped = await Cloud.Client.GetRolloutAsync(bad.Id, Cancel);
        RolloutInfo heard;
        do
            heard = JsonSerializer.Deserialize((await application.NextAsync(Cancel)).Text, ContractsJson.Default.RolloutInfo)!;
        while (heard.Id != bad.Id || heard.State == "running");
        Assert.Equal(("aborted", stopped.Why), (heard.State, heard.Why));
        var told = await posted.Reader.ReadAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        Assert.Equal((bad.Id, "aborted"), (told.Id, told.State));
        await Cloud.Client.DeleteHookAsync("rollouts", Cancel);
        Assert.Equal(("aborted", "abort", "installation", 1), (stopped.State, stopped.Rings[0].Decision, stopped.Rings[0].Gate!.Rule, stopped.Rings[0].Gate!.RolledBack));
        Assert.StartsWith("1 of 6 installations failed (1 went back by themselves).", stopped.Why, StringComparison.Ordinal);
        Assert.Empty(await PollAsync(devices));

        var dry = await Cloud.Client.RollBackRolloutAsync(bad.Id, dryRun: true, Cancel);
        Assert.Equal((5, 0), (dry.Devices, dry.Stranded.Count));
        Assert.Null(dry.Rollout);
        var back = (await Cloud.Client.RollBackRolloutAsync(bad.Id, dryRun: false, Cancel)).Rollout!;
        Assert.Equal(bad.Id, back.RollbackOf);
        for (var round = 0; round < 4; round++)
        {
            foreach (var (id, job) in await PollAsync(devices))
            {
                Assert.Equal("1.0", job.Version);
                await ReportAsync(devices[id], back.Id, new JobReport("succeeded", Version: "1.0"), HttpStatusCode.NoContent);
            }
            await Cloud.LookAsync();
            Cloud.Time.Offset += TimeSpan.FromMinutes(61);
            await Cloud.LookAsync();
        }
        Assert.Equal("done", (await Cloud.Client.GetRolloutAsync(back.Id, Cancel)).State);
        Assert.Equal("aborted", (await Cloud.Client.GetRolloutAsync(bad.Id, Cancel)).State);
        Assert.Equal(["1.0", "2.0", "1.0"], (await Cloud.Client.ListDeviceSoftwareAsync(jobs.Keys.ElementAt(1), Cancel)).Items.Select(s => s.Version));

        // What is over may be forgotten; what its devices ran is not.
        await Cloud.Client.DeleteRolloutAsync(back.Id, Cancel);
        await Cloud.Client.DeleteRolloutAsync(bad.Id, Cancel);
        await Cloud.StopAsync();
        await Cloud.StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await Assert.ThrowsAsync<StrataApiException>(() => Cloud.Client.GetRolloutAsync(bad.Id, Cancel))).StatusCode);
        Assert.Equal(3, (await Cloud.Client.ListDeviceSoftwareAsync(jobs.Keys.ElementAt(1), Cancel)).Items.Count);
    }

    [Fact]
    public async Task A_file_drafts_what_is_not_there_and_starts_nothing()
    {
        await RunOldAsync("file", 2);
        var file = $"""
            apiVersion: strata/v1
            rollouts:
              - name: from a file
                artifact: {FewArtifacts.New.Id}
                query: tag.run=file
                rings: [{"{ share: 50%, soak: 1h }"}, {"{ share: 100%, soak: 2h, minimum: 2 }"}]
                approval: false
            """;
        Assert.Equal("from a file", Assert.Single((await Cloud.Client.ApplyAsync(file, dryRun: true, prune: false, cancellationToken: Cancel)).Changes).Id);
        Assert.DoesNotContain((await Cloud.Client.ListRolloutsAsync(cancellationToken: Cancel)).Items, r => r.Name == "from a file");
        Assert.Single((await Cloud.Client.ApplyAsync(file, dryRun: false, prune: false, cancellationToken: Cancel)).Changes);
        var drafted = Assert.Single((await Cloud.Client.ListRolloutsAsync(cancellationToken: Cancel)).Items, r => r.Name == "from a file");
        Assert.Equal(("drafted", false, 0.5, TimeSpan.FromHours(2)), (drafted.State, drafted.NeedsApproval, drafted.Rings[0].Share, drafted.Rings[1].Soak));
        Assert.Empty((await Cloud.Client.ApplyAsync(file, dryRun: false, prune: false, cancellationToken: Cancel)).Changes);
        // One that cannot be is told with its name, and none of the others is drafted.
        var wrong = await Assert.ThrowsAsync<StrataApiException>(() => Cloud.Client.ApplyAsync(
            file.Replace("from a file", "another", StringComparison.Ordinal) + "\n  - { name: nowhere, artifact: app/9.9/000000000000, query: 'id:*' }\n", dryRun: false, prune: false, cancellationToken: Cancel));
        Assert.StartsWith("Rollout 'nowhere': There is no artifact", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain((await Cloud.Client.ListRolloutsAsync(cancellationToken: Cancel)).Items, r => r.Name == "another");
        await Cloud.Client.DeleteRolloutAsync(drafted.Id, Cancel);
    }

    [Fact]
    public async Task A_draft_that_reaches_nobody_starts_with_those_that_match_by_then()
    {
        var request = new CreateRollout(FewArtifacts.New.Id, "tag.run=early", Rings: [new(0.5, TimeSpan.FromHours(1)), new(1, TimeSpan.Zero)], NeedsApproval: false);
        var id = (await Cloud.Client.CreateRolloutAsync(request, Cancel)).Id;
        var early = await Assert.ThrowsAsync<StrataApiException>(() => Cloud.Client.StepRolloutAsync(id, "start", cancellationToken: Cancel));
        Assert.Equal((HttpStatusCode.Conflict, $"Rollout {id} has no devices: nothing matches that it is for; it starts when something does. 'strata rollout plan' says why not."), (early.StatusCode, early.Message));
        await DevicesAsync("early", 4);
        await Cloud.StopAsync();
        await Cloud.StartAsync();
        Assert.Equal(0, (await Cloud.Client.GetRolloutAsync(id, Cancel)).Rings.Sum(r => r.Targets));
        var started = await Cloud.Client.StepRolloutAsync(id, "start", cancellationToken: Cancel);
        // As if it were drafted now: two and two, and no ring by chance.
        Assert.Equal(("running", 2, 2), (started.State, started.Rings[0].Targets, started.Rings[1].Targets));
        await Cloud.StopAsync();
        await Cloud.StartAsync();
        Assert.Equal(4, (await Cloud.Client.ListRolloutDevicesAsync(id, cancellationToken: Cancel)).Items.Count);
        await Cloud.Client.StepRolloutAsync(id, "abort", cancellationToken: Cancel);
    }

    [Fact]
    public async Task Who_installs_a_build_that_is_stopped_is_waited_for_and_then_taken_back()
    {
        var devices = await RunOldAsync("late", 2);
        var bad = await StartAsync(new CreateRollout(FewArtifacts.New.Id, "tag.run=late", Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false, RollBackOnAbort: true));
        Assert.Equal(2, (await PollAsync(devices)).Count);
        await ReportAsync(devices["late-0"], bad.Id, new JobReport("installing", Version: "1.0"), HttpStatusCode.NoContent);
        await ReportAsync(devices["late-1"], bad.Id, new JobReport("rolledBack", "watchdog", "1.0"), HttpStatusCode.NoContent);
        await Cloud.LookAsync();
        var stopped = await Cloud.Client.GetRolloutAsync(bad.Id, Cancel);
        Assert.Equal("rollingBack", stopped.State);
        Assert.Equal("late-0", Assert.Single((await Cloud.Client.ListRolloutDevicesAsync(stopped.Rollback!, cancellationToken: Cancel)).Items).Device);
        // It may be in the midst of it: it has no other job before it was given up.
        Assert.Empty(await PollAsync(devices));
        Cloud.Time.Offset += TimeSpan.FromMinutes(61);
        await Cloud.LookAsync();
        Assert.Equal("late-0", Assert.Single((await Cloud.Client.ListRolloutDevicesAsync(bad.Id, "unconfirmed", cancellationToken: Cancel)).Items).Device);
        var back = Assert.Single(await PollAsync(devices)).Value;
        Assert.Equal((stopped.Rollback, "1.0"), (back.Job, back.Version));
    }

    [Fact]
    public async Task A_plan_and_a_rollback_look_up_each_version_once_and_not_for_each_device()
    {
        var devices = await RunOldAsync("many", 4);
        var (request, before) = (new CreateRollout(FewArtifacts.New.Id, "tag.run=many", Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false), Cloud.Artifacts.Lookups);
        Assert.Equal(4 * 9, (await Cloud.Client.PlanRolloutAsync(request, Cancel)).Bytes);
        // For the patch, and for the way back.
        Assert.Equal(before + 2, Cloud.Artifacts.Lookups);
        var rollout = await StartAsync(request);
        foreach (var id in (await PollAsync(devices)).Keys)
            await ReportAsync(devices[id], rollout.Id, new JobReport("succeeded", Version: "2.0"), HttpStatusCode.NoContent);
        before = Cloud.Artifacts.Lookups;
        Assert.Equal(4, (await Cloud.Client.RollBackRolloutAsync(rollout.Id, dryRun: true, Cancel)).Devices);
        Assert.Equal(before + 1, Cloud.Artifacts.Lookups);
    }

    [Fact]
    public async Task A_rollout_whose_rollback_is_deleted_is_over()
    {
        var devices = await RunOldAsync("del", 2);
        var bad = await StartAsync(new CreateRollout(FewArtifacts.New.Id, "tag.run=del", Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false));
        foreach (var id in (await PollAsync(devices)).Keys)
            await ReportAsync(devices[id], bad.Id, new JobReport("succeeded", Version: "2.0"), HttpStatusCode.NoContent);
        var back = (await Cloud.Client.RollBackRolloutAsync(bad.Id, dryRun: false, Cancel)).Rollout!;
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => Cloud.Client.DeleteRolloutAsync(bad.Id, Cancel));
        Assert.Contains($"The rollout is taken back by {back.Id}: that ends first.", refused.Message, StringComparison.Ordinal);
        await Cloud.Client.StepRolloutAsync(back.Id, "abort", cancellationToken: Cancel);
        await Cloud.Client.DeleteRolloutAsync(back.Id, Cancel);
        await Cloud.LookAsync();
        Assert.Equal("aborted", (await Cloud.Client.GetRolloutAsync(bad.Id, Cancel)).State);
        await Cloud.Client.DeleteRolloutAsync(bad.Id, Cancel);
    }

    [Fact]
    public async Task A_way_back_that_was_aborted_is_followed_by_another_for_those_that_did_not_go()
    {
        var devices = await RunOldAsync("again", 4);
        var bad = await StartAsync(new CreateRollout(FewArtifacts.New.Id, "tag.run=again", Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false));
        foreach (var id in (await PollAsync(devices)).Keys)
            await ReportAsync(devices[id], bad.Id, new JobReport("succeeded", Version: "2.0"), HttpStatusCode.NoContent);
        var first = (await Cloud.Client.RollBackRolloutAsync(bad.Id, dryRun: false, Cancel)).Rollout!;
        var went = (await PollAsync(devices)).Keys.First();
        await ReportAsync(devices[went], first.Id, new JobReport("succeeded", Version: "1.0"), HttpStatusCode.NoContent);
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => Cloud.Client.RollBackRolloutAsync(bad.Id, dryRun: false, Cancel));
        Assert.Contains($"is taken back by {first.Id} already", refused.Message, StringComparison.Ordinal);
        await Cloud.Client.StepRolloutAsync(first.Id, "abort", cancellationToken: Cancel);
        await Cloud.LookAsync();
        Assert.Contains($"taken back in part by {first.Id}", (await Cloud.Client.GetRolloutAsync(bad.Id, Cancel)).Why, StringComparison.Ordinal);

        await Cloud.StopAsync();
        await Cloud.StartAsync();
        // However often it is aborted: ways back have a bound too.
        var most = Cloud.Limits.MaxRollouts;
        Cloud.Limits.MaxRollouts = 1;
        var full = await Assert.ThrowsAsync<StrataApiException>(() => Cloud.Client.RollBackRolloutAsync(bad.Id, dryRun: false, Cancel));
        Cloud.Limits.MaxRollouts = most;
        Assert.Equal(HttpStatusCode.TooManyRequests, full.StatusCode);
        var second = await Cloud.Client.RollBackRolloutAsync(bad.Id, dryRun: false, Cancel);
        Assert.Equal((3, bad.Id), (second.Devices, second.Rollout!.RollbackOf));
        Assert.DoesNotContain(went, (await Cloud.Client.ListRolloutDevicesAsync(second.Rollout.Id, cancellationToken: Cancel)).Items.Select(d => d.Device));
        Assert.Equal(second.Rollout.Id, (await Cloud.Client.GetRolloutAsync(bad.Id, Cancel)).Rollback);
    }

    [Fact]
    public async Task An_update_that_needs_another_component_is_for_who_says_that_it_has_it()
    {
        var devices = await DevicesAsync("needs", 3);
        await SoftwareAsync(devices["needs-0"], """{"app":"1.0","bootloader":"2.1"}""", HttpStatusCode.NoContent);
        await SoftwareAsync(devices["needs-1"], """{"app":"1.0","bootloader":"1.9"}""", HttpStatusCode.NoContent);
        var request = new CreateRollout(FewArtifacts.Needing.Id, "tag.run=needs", Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false);
        var plan = await Cloud.Client.PlanRolloutAsync(request, Cancel);
        Assert.Equal((3, 1), (plan.Matched, plan.Targets));
        Assert.Equal(
            [("it needs bootloader 2.0 or later, and the device has 1.9", "needs-1"), ("it needs bootloader 2.0 or later, and the device has none", "needs-2")],
            plan.Excluded.Select(e => (e.Why, Assert.Single(e.Devices))).Order());
        var rollout = await StartAsync(request);
        Assert.Equal(["needs-0"], (await PollAsync(devices)).Keys);

        await Cloud.StopAsync();
        await Cloud.StartAsync();
        Assert.Equal([("app", "1.0", (string?)null), ("bootloader", "2.1", null)], (await Cloud.Client.ListDeviceSoftwareAsync("needs-0", Cancel)).Items.Select(s => (s.Component, s.Version, s.Rollout)).Order());
        await SoftwareAsync(devices["needs-1"], """{"bootloader":"2.0"}""", HttpStatusCode.NoContent);
        Cloud.Time.Offset += TimeSpan.FromSeconds(2);
        await Cloud.LookAsync();
        Assert.Equal(["needs-0", "needs-1"], (await PollAsync(devices)).Keys.Order(StringComparer.Ordinal));
        Assert.Equal("1.0", Assert.Single((await Cloud.Client.ListRolloutDevicesAsync(rollout.Id, cancellationToken: Cancel)).Items, d => d.Device == "needs-1").From);
    }

    [Fact]
    public async Task Who_goes_back_goes_to_what_it_ran_when_its_turn_came_and_not_when_it_was_drafted()
    {
        var devices = await DevicesAsync("turn", 1);
        var device = devices["turn-0"];
        await SoftwareAsync(device, """{"app":"1.0","bootloader":"2.1"}""", HttpStatusCode.NoContent);
        var draft = await Cloud.Client.CreateRolloutAsync(new CreateRollout(FewArtifacts.Needing.Id, "tag.run=turn", Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false), Cancel);
        await SoftwareAsync(device, """{"app":"2.0"}""", HttpStatusCode.NoContent);
        await Cloud.Client.StepRolloutAsync(draft.Id, "start", cancellationToken: Cancel);
        Assert.Single(await PollAsync(devices));
        await ReportAsync(device, draft.Id, new JobReport("succeeded", Version: "3.0"), HttpStatusCode.NoContent);
        await Cloud.Client.RollBackRolloutAsync(draft.Id, dryRun: false, Cancel);
        Assert.Equal("2.0", Assert.Single(await PollAsync(devices)).Value.Version);
    }

    [Fact]
    public async Task A_device_that_is_no_more_is_not_waited_for_and_fails_nothing()
    {
        var devices = await RunOldAsync("nomore", 3);
        var rollout = await StartAsync(new CreateRollout(FewArtifacts.New.Id, Devices: [.. devices.Keys], Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false));
        Assert.Equal(3, (await PollAsync(devices)).Count);
        await ReportAsync(devices["nomore-1"], rollout.Id, new JobReport("downloading"), HttpStatusCode.NoContent);
        await ReportAsync(devices["nomore-2"], rollout.Id, new JobReport("succeeded", Version: "2.0"), HttpStatusCode.NoContent);
        await Cloud.Client.DeleteDeviceAsync("nomore-0", Cancel);
        await Cloud.Client.DeleteDeviceAsync("nomore-1", Cancel);
        Cloud.Time.Offset += TimeSpan.FromSeconds(2);
        await Cloud.LookAsync();
        Assert.Equal("done", (await Cloud.Client.GetRolloutAsync(rollout.Id, Cancel)).State);
        await Cloud.StopAsync();
        await Cloud.StartAsync();
        Assert.Equal("nomore-2", Assert.Single((await Cloud.Client.ListRolloutDevicesAsync(rollout.Id, cancellationToken: Cancel)).Items).Device);
    }

    [Fact]
    public async Task What_is_not_here_any_more_is_not_tried_again()
    {
        var devices = await RunOldAsync("gone", 1);
        var rollout = await StartAsync(new CreateRollout(FewArtifacts.New.Id, "tag.run=gone", Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false));
        await PollAsync(devices);
        await ReportAsync(devices["gone-0"], rollout.Id, new JobReport("failed", "no room", "1.0"), HttpStatusCode.NoContent);
        Cloud.Artifacts.Gone = FewArtifacts.New.Id;
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => Cloud.Client.RetryRolloutAsync(rollout.Id, Cancel));
        Cloud.Artifacts.Gone = null;
        Assert.Equal((HttpStatusCode.Conflict, $"The artifact {FewArtifacts.New.Id} is not here any more; add it again."), (refused.StatusCode, refused.Message));
        Assert.Equal(1, (await Cloud.Client.RetryRolloutAsync(rollout.Id, Cancel)).Waiting);
    }

    /// <summary>The word of its software and that of its job are two, and either may come first.</summary>
    [Fact]
    public async Task A_version_that_a_device_names_before_its_job_is_done_came_with_the_rollout_nevertheless()
    {
        var devices = await DevicesAsync("first", 2);
        foreach (var device in devices.Values)
            await SoftwareAsync(device, """{"app":"1.0"}""", HttpStatusCode.NoContent);
        var rollout = await StartAsync(new CreateRollout(FewArtifacts.New.Id, "tag.run=first", Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false, ConfirmWithin: TimeSpan.FromMinutes(5)));
        Assert.Equal(2, (await PollAsync(devices)).Count);
        var (prompt, late) = (devices["first-0"], devices["first-1"]);
        await SoftwareAsync(prompt, """{"app":"2.0","other":"2.0"}""", HttpStatusCode.NoContent);
        await ReportAsync(prompt, rollout.Id, new JobReport("succeeded", Version: "2.0"), HttpStatusCode.NoContent);
        Cloud.Time.Offset += TimeSpan.FromDays(2);
        await Cloud.LookAsync();
        Assert.Equal(late.Id, Assert.Single((await Cloud.Client.ListRolloutDevicesAsync(rollout.Id, "unconfirmed", cancellationToken: Cancel)).Items).Device);
        await SoftwareAsync(late, """{"app":"2.0"}""", HttpStatusCode.NoContent);
        Assert.Equal([("app", "1.0", null), ("app", "2.0", rollout.Id), ("other", "2.0", (string?)null)], await RanAsync(prompt));
        Assert.Equal([("app", "1.0", null), ("app", "2.0", rollout.Id)], await RanAsync(late));
        await SoftwareAsync(late, """{"app":"2.1"}""", HttpStatusCode.NoContent);
        Assert.Contains(("app", "2.1", null), await RanAsync(late));

        async Task<IEnumerable<(string Component, string Version, string? Rollout)>> RanAsync(DeviceSecret device) =>
            (await Cloud.Client.ListDeviceSoftwareAsync(device.Id, Cancel)).Items.Select(s => (s.Component, s.Version, s.Rollout)).Order();
    }

    /// <summary>A gateway sends what is new before all that it has kept has gone up.</summary>
    [Fact]
    public async Task What_a_gateway_has_kept_of_a_device_is_not_taken_for_newer_than_what_it_said_later()
    {
        var devices = await DevicesAsync("kept", 1);
        var topics = Cloud.Node.Services.GetServices<IDeviceTopics>().OfType<JobTopics>().Single();
        await HearAsync("jobs/software", """{"app":"1.0","bootloader":"2.0"}""", 1_000);
        var rollout = await StartAsync(new CreateRollout(FewArtifacts.New.Id, "tag.run=kept", Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false));
        await PollAsync(devices);
        await HearAsync($"jobs/{rollout.Id}/update", """{"state":"succeeded","version":"2.0"}""", 5_000);
        await HearAsync("jobs/software", """{"app":"1.0","bootloader":"2.1"}""", 4_000);
        Assert.Equal(["app 1.0", "app 2.0", "bootloader 2.0", "bootloader 2.1"], await SoftwareOfAsync());
        await HearAsync("jobs/software", """{"app":"2.2"}""", 6_000);
        await HearAsync("jobs/software", """{"app":"2.3"}""", null);
        Assert.Equal("2.3", (await Cloud.Client.ListDeviceSoftwareAsync("kept-0", Cancel)).Items.First(s => s.Component == "app").Version);

        Task HearAsync(string topic, string said, long? at) => topics.OnPublish(new DeviceMessage(TenantId.Main, DeviceId.Parse("kept-0"), topic, Encoding.UTF8.GetBytes(said), at))!;
        async Task<IEnumerable<string>> SoftwareOfAsync() => (await Cloud.Client.ListDeviceSoftwareAsync("kept-0", Cancel)).Items.Select(s => $"{s.Component} {s.Version}").Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task What_a_device_says_of_its_software_is_checked_and_remembered_within_bounds()
    {
        var devices = await DevicesAsync("says", 2);
        var device = devices["says-0"];
        await SoftwareAsync(device, """{"App":"1.0"}""", HttpStatusCode.BadRequest);
        await SoftwareAsync(device, """{"app":"1 0"}""", HttpStatusCode.BadRequest);
        await SoftwareAsync(device, """{"app":null}""", HttpStatusCode.BadRequest);
        await SoftwareAsync(device, """["app"]""", HttpStatusCode.BadRequest);
        await SoftwareAsync(device, $"{{{string.Join(',', Enumerable.Range(0, Cloud.Limits.MaxComponents + 1).Select(i => $"\"c{i}\":\"1\""))}}}", HttpStatusCode.BadRequest);
        await SoftwareAsync(device, """{"app":"1.0"}""", HttpStatusCode.NotFound, of: "says-1");
        var components = Cloud.Limits.MaxComponents;
        Cloud.Limits.MaxComponents = 1;
        await SoftwareAsync(devices["says-1"], """{"os":"12"}""", HttpStatusCode.NoContent);
        await SoftwareAsync(devices["says-1"], """{"bootloader":"2.1"}""", HttpStatusCode.BadRequest);
        await SoftwareAsync(devices["says-1"], """{"os":"13"}""", HttpStatusCode.NoContent);
        Cloud.Limits.MaxComponents = components;
        Assert.Empty((await Cloud.Client.ListDeviceSoftwareAsync("says-0", Cancel)).Items);

        var kept = Cloud.Limits.MaxSoftwareKept;
        Cloud.Limits.MaxSoftwareKept = 3;
        foreach (var version in (string[])["1.0", "1.0.0", "1.1", "1.2", "1.3"])
        {
            await SoftwareAsync(device, $$"""{"app":"{{version}}"}""", HttpStatusCode.NoContent);
            Cloud.Time.Offset += TimeSpan.FromMinutes(1);
        }
        Assert.Equal(["1.3", "1.2", "1.1"], (await Cloud.Client.ListDeviceSoftwareAsync("says-0", Cancel)).Items.Select(s => s.Version));
        // A clock that goes back hides nothing.
        Cloud.Time.Offset -= TimeSpan.FromHours(1);
        await SoftwareAsync(device, """{"app":"1.4"}""", HttpStatusCode.NoContent);
        Cloud.Time.Offset += TimeSpan.FromHours(1);
        Cloud.Limits.MaxSoftwareKept = kept;
        await Cloud.StopAsync();
        await Cloud.StartAsync();
        Assert.Equal(["1.4", "1.3", "1.2"], (await Cloud.Client.ListDeviceSoftwareAsync("says-0", Cancel)).Items.Select(s => s.Version));
        Assert.Equal([("os", "13"), ("os", "12")], (await Cloud.Client.ListDeviceSoftwareAsync("says-1", Cancel)).Items.Select(s => (s.Component, s.Version)));
    }

    [Fact]
    public async Task Who_cannot_go_back_is_named_before_a_rollout_begins_and_when_it_is_taken_back()
    {
        var devices = await RunOldAsync("way", 2);
        foreach (var id in (string[])["way-new", "way-gone"])
            devices[id] = await Cloud.Client.CreateDeviceAsync(new CreateDevice(id, Model: "m1") { Tags = new Dictionary<string, string> { ["run"] = "way" } }, Cancel);
        await SoftwareAsync(devices["way-gone"], """{"app":"0.9"}""", HttpStatusCode.NoContent);
        var request = new CreateRollout(FewArtifacts.New.Id, "tag.run=way", Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false);
        Assert.Equal(
            [("cannot be taken back: nobody knows which app they ran before", "way-new"), ("cannot be taken back: the artifact app 0.9 for 'm1' is not here", "way-gone")], await StrandedAsync(request));
        Assert.All(await StrandedAsync(request with { Artifact = FewArtifacts.OneWay.Id }), s => Assert.Equal("cannot be taken back: app 4.0 says that nothing goes back from it", s.Why));
        Assert.Equal(2, (await StrandedAsync(request with { Artifact = FewArtifacts.Counted.Id })).Count(s => s.Why == "cannot be taken back: the counter of 1.0 is 1, and who has confirmed 2 takes no older one"));
        Assert.Empty(await StrandedAsync(request with { Artifact = FewArtifacts.OneWay.Id, Mode = "downloadOnly" }));

        var rollout = await StartAsync(request);
        foreach (var id in (await PollAsync(devices)).Keys)
            await ReportAsync(devices[id], rollout.Id, new JobReport("succeeded", Version: "2.0"), HttpStatusCode.NoContent);
        var back = await Cloud.Client.RollBackRolloutAsync(rollout.Id, dryRun: true, Cancel);
        Assert.Equal(2, back.Devices);
        Assert.Equal([("way-gone", "the artifact app 0.9 for 'm1' is not here"), ("way-new", "nobody knows which app they ran before")], back.Stranded.Select(s => (s.Device, s.Why)));

        async Task<List<(string Why, string Device)>> StrandedAsync(CreateRollout rollout) =>
            [.. (await Cloud.Client.PlanRolloutAsync(rollout, Cancel)).Warnings.Where(w => w.Why.StartsWith("cannot", StringComparison.Ordinal)).SelectMany(w => w.Devices.Select(d => (w.Why, d))).Order()];
    }

    [Fact]
    public async Task A_rehearsal_counts_together_what_has_too_many_reasons_to_be_named()
    {
        var devices = await DevicesAsync("odd", 22);
        foreach (var (id, secret) in devices)
            await SoftwareAsync(secret, $$"""{"app":"0.{{id}}"}""", HttpStatusCode.NoContent);
        var plan = await Cloud.Client.PlanRolloutAsync(new CreateRollout(FewArtifacts.New.Id, "tag.run=odd", Rings: [new(1, TimeSpan.Zero)]), Cancel);
        Assert.Equal((20, 2), (plan.Warnings.Count(w => w.Why.StartsWith("cannot be taken back", StringComparison.Ordinal)), Assert.Single(plan.Warnings, w => w.Why == "2 other reasons").Count));
    }

    [Fact]
    public async Task A_rehearsal_names_who_is_not_heard_and_whose_battery_is_low()
    {
        var devices = await DevicesAsync("weak", 3);
        foreach (var (id, battery) in ((string, int)[])[("weak-0", 12), ("weak-1", 80)])
        {
            using var http = Cloud.As(devices[id]);
            using var answer = await http.PostAsJsonAsync($"/api/v1/devices/{id}/health", new { battery }, Cancel);
            Assert.True(answer.IsSuccessStatusCode);
        }
        var request = new CreateRollout(FewArtifacts.New.Id, "tag.run=weak", Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false);
        RolloutRehearsal plan = null!;
        await WaitForAsync(async () => (plan = await Cloud.Client.PlanRolloutAsync(request, Cancel)).Warnings.Any(w => w.Why == "battery below 20 %"), "the battery to be known");
        Assert.Equal(["weak-0"], plan.Warnings.Single(w => w.Why == "battery below 20 %").Devices);
        Assert.Equal(["weak-2"], plan.Warnings.Single(w => w.Why.StartsWith("not heard now", StringComparison.Ordinal)).Devices);
    }

    [Fact]
    public async Task Over_mqtt_a_device_is_told_asks_and_reports_and_is_refused_with_a_code()
    {
        var device = (await DevicesAsync("mq", 1)).Values.Single();
        var rollout = await StartAsync(new CreateRollout(FewArtifacts.New.Id, "tag.run=mq", Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false));
        using var client = new MqttClientFactory().CreateMqttClient();
        var said = Channel.CreateUnbounded<(string Topic, string Text)>();
        client.ApplicationMessageReceivedAsync += message =>
        {
            said.Writer.TryWrite((message.ApplicationMessage.Topic, Encoding.UTF8.GetString(message.ApplicationMessage.Payload)));
            return Task.CompletedTask;
        };
        await client.ConnectAsync(new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", Cloud.Node.Mqtt.Port).WithClientId("mq-0").WithCredentials(device.Id, device.Secret).WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V500).Build(), Cancel);
        // Its first reading makes it active; before, it is told nothing.
        await client.PublishAsync(new MqttApplicationMessageBuilder().WithTopic("devices/mq-0/telemetry").WithPayload("{\"t\":1}").WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build(), Cancel);
        await WaitForAsync(async () => (await Cloud.Client.GetDeviceAsync("mq-0", Cancel)).State == "active", "the device to be active");
        var granted = await client.SubscribeAsync("devices/mq-0/jobs/#", MqttQualityOfServiceLevel.AtLeastOnce, Cancel);
        Assert.Equal(MqttClientSubscribeResultCode.GrantedQoS1, Assert.Single(granted.Items).ResultCode);
        Assert.Equal(("devices/mq-0/jobs/notify", $$"""{"job":"{{rollout.Id}}"}"""), await NextAsync());
        await PublishAsync("software", """{"bootloader":"2.1"}""");
        Assert.Equal(("devices/mq-0/jobs/software/accepted", "{}"), await NextAsync());
        Assert.Equal("bootloader 2.1", string.Join(' ', (await Cloud.Client.ListDeviceSoftwareAsync("mq-0", Cancel)).Items.Select(s => $"{s.Component} {s.Version}")));
        await PublishAsync("software", """{"bootloader":2}""");
        var (refused, why) = await NextAsync();
        Assert.Equal("devices/mq-0/jobs/software/rejected", refused);
        Assert.StartsWith("""{"code":400,"message":""", why, StringComparison.Ordinal);
        await PublishAsync("next", "{}");
        var (topic, text) = await NextAsync();
        Assert.Equal("devices/mq-0/jobs/next/accepted", topic);
        Assert.Equal((rollout.Id, "2.0"), (JsonSerializer.Deserialize(text, ContractsJson.Default.JobInfo)!.Job, JsonSerializer.Deserialize(text, ContractsJson.Default.JobInfo)!.Version));
        await PublishAsync($"{rollout.Id}/update", """{"state":"downloading","reason":null,"version":"1.0","progress":0.4}""");
        Assert.Equal(($"devices/mq-0/jobs/{rollout.Id}/update/accepted", """{"state":"downloading"}"""), await NextAsync());
        await PublishAsync($"{rollout.Id}/update", """{"state":"succeeded","version":"2.0"}""");
        Assert.Equal(($"devices/mq-0/jobs/{rollout.Id}/update/accepted", """{"state":"succeeded"}"""), await NextAsync());
        await PublishAsync($"{rollout.Id}/update", """{"state":"installing"}""");
        (topic, text) = await NextAsync();
        Assert.Equal($"devices/mq-0/jobs/{rollout.Id}/update/rejected", topic);
        Assert.StartsWith("""{"code":409,"message":""", text, StringComparison.Ordinal);
        Assert.EndsWith(""","state":"installing"}""", text, StringComparison.Ordinal);
        await PublishAsync($"{rollout.Id}/update", """{"state":"thinking"}""");
        (_, text) = await NextAsync();
        Assert.StartsWith("""{"code":400,"message":""", text, StringComparison.Ordinal);
        Assert.EndsWith(""","state":"thinking"}""", text, StringComparison.Ordinal);
        await PublishAsync($"{rollout.Id}/update", "[]");
        Assert.DoesNotContain("\"state\":", (await NextAsync()).Item2, StringComparison.Ordinal);
        await PublishAsync("next", "{}");
        Assert.Equal(("devices/mq-0/jobs/next/accepted", """{"job":null}"""), await NextAsync());

        async Task<(string, string)> NextAsync() => await said.Reader.ReadAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        Task PublishAsync(string rest, string payload) => client.PublishAsync(
            new MqttApplicationMessageBuilder().WithTopic($"devices/mq-0/jobs/{rest}").WithPayload(payload).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build(), Cancel);
    }

    /// <summary>Devices that run 1.0.</summary>
    private async Task<Dictionary<string, DeviceSecret>> RunOldAsync(string run, int count)
    {
        var devices = await DevicesAsync(run, count);
        var first = await StartAsync(new CreateRollout(FewArtifacts.Old.Id, $"tag.run={run}", Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false));
        foreach (var id in (await PollAsync(devices)).Keys)
            await ReportAsync(devices[id], first.Id, new JobReport("succeeded", Version: "1.0"), HttpStatusCode.NoContent);
        await Cloud.LookAsync();
        await Cloud.LookAsync();
        Assert.Equal("done", (await Cloud.Client.GetRolloutAsync(first.Id, Cancel)).State);
        return devices;
    }

    private static (string, string?) Both(RolloutInfo info) => (info.State, info.ApprovedBy);
}

public sealed class RolloutsOnFilesTests(RolloutCloud cloud) : RolloutsTests(cloud), IClassFixture<RolloutCloud>;

public sealed class RolloutsOnPostgresTests(RolloutCloudOnPostgres cloud) : RolloutsTests(cloud), IClassFixture<RolloutCloudOnPostgres>;
