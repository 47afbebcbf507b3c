using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Contracts;
using Strata.Cloud.Shadows.Configuration;
using Strata.Cloud.Tests.Shadows;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tests.Updates;

public sealed class LayerRolloutsInFilesTests(RolloutCloud cloud) : LayerRolloutsTests(cloud), IClassFixture<RolloutCloud>;

public sealed class LayerRolloutsInPostgresTests(RolloutCloudOnPostgres cloud) : LayerRolloutsTests(cloud), IClassFixture<RolloutCloudOnPostgres>;

/// <summary>A change of a layer of configuration, given to its devices one ring after the other.</summary>
public abstract partial class LayerRolloutsTests(RolloutCloud cloud) : RolloutSteps(cloud)
{
    private const string Old = """{"interval":300}""";
    private const string New = """{"interval":60}""";
    private const string Refuses = """{"state":{"reported":{"rejected":{"values":{"interval":60},"why":"below what the radio bears"}}}}""";

    [Fact]
    public async Task It_goes_from_ring_to_ring_over_a_restart_and_in_the_end_the_layer_says_it_to_everybody()
    {
        await using var fleet = await FleetAsync("go", 4);
        var request = Of("go", [new(0.5, TimeSpan.FromHours(1)), new(1, TimeSpan.Zero)]) with { NeedsApproval = null };
        var plan = await Cloud.Client.PlanRolloutAsync(request, Cancel);
        Assert.Equal(("configuration of site/go", 4, 4, 4L * New.Length), (plan.Artifact, plan.Matched, plan.Targets, plan.Bytes));
        var id = (await Cloud.Client.CreateRolloutAsync(request, Cancel)).Id;
        var drafted = await Cloud.Client.GetRolloutAsync(id, Cancel);
        Assert.Equal(("site/go", 1L, Old, New), (drafted.Configuration!.Layer, drafted.Configuration.Version, drafted.Configuration.Before!.Value.GetRawText(), drafted.Configuration.Content!.Value.GetRawText()));
        Assert.Null((await Cloud.Client.ListRolloutsAsync(cancellationToken: Cancel)).Items.Single(r => r.Id == id).Configuration!.Content);
        Assert.Equal("waitingForApproval", (await Cloud.Client.StepRolloutAsync(id, "start", cancellationToken: Cancel)).State);
        Assert.Equal(HttpStatusCode.Forbidden, await RefusedAsync(() => Cloud.Client.StepRolloutAsync(id, "approve", cancellationToken: Cancel)));
        await StepAsync();
        Assert.All(await DesiredAsync(fleet), d => Assert.Equal(Old, d.Value));
        var bob = new StrataClient(Cloud.NewClient(), (await Cloud.Client.CreateTokenAsync(new CreateToken([new GrantInfo("tenant-admin")], "bob"), Cancel)).Token);
        Assert.Equal("running", (await bob.StepRolloutAsync(id, "approve", cancellationToken: Cancel)).State);

        await StepAsync();
        var first = await InAsync(id, "trial");
        Assert.Equal(2, first.Count);
        Assert.All(await DesiredAsync(fleet), d => Assert.Equal(first.Contains(d.Key) ? New : Old, d.Value));
        Assert.Equal(("site/go", id), Origin(await Cloud.Client.GetConfigurationAsync(first[0], Cancel)));
        Assert.Equal(("site/go", null), Origin(await Cloud.Client.GetConfigurationAsync(fleet.Keys.First(d => !first.Contains(d)), Cancel)));
        Assert.Equal($"from site/go (rollout {id})", (await Cloud.Client.ListShadowChangesAsync(first[0], "config", limit: 1, cancellationToken: Cancel)).Items[0].Why);
        // Nobody else changes the layer meanwhile, and it is no job.
        Assert.Equal(HttpStatusCode.Conflict, await RefusedAsync(() => Cloud.Client.PutConfigurationLayerAsync("site/go", "{}", cancellationToken: Cancel)));
        Assert.Equal(HttpStatusCode.Conflict, await RefusedAsync(() => Cloud.Client.DeleteConfigurationLayerAsync("site/go", Cancel)));
        Assert.Equal(HttpStatusCode.Conflict, await RefusedAsync(() => Cloud.Client.ApplyAsync("apiVersion: strata/v1\nconfiguration:\n  layers: [ { layer: site/go, content: { interval: 5 } } ]\n", dryRun: false, prune: false, cancellationToken: Cancel)));
        // What is exported says what the layer says to everybody, and changes nothing.
        var export = await Cloud.Client.ExportAsync("go", Cancel);
        Assert.Contains("{layer: site/go, content: {interval: 300}", export, StringComparison.Ordinal);
        Assert.Empty((await Cloud.Client.ApplyAsync(export, dryRun: false, prune: true, cancellationToken: Cancel)).Changes);
        Assert.Empty(await PollAsync(fleet.Secrets));
        await ReportAsync(fleet.Secrets[first[0]], id, new JobReport("succeeded"), HttpStatusCode.NotFound);

        await Cloud.StopAsync();
        await Cloud.StartAsync();
        await fleet.ConnectAsync(Cloud.Node.Mqtt.Port);
        await StepAsync();
        Assert.All(await DesiredAsync(fleet), d => Assert.Equal(first.Contains(d.Key) ? New : Old, d.Value));
        Assert.Equal(HttpStatusCode.Conflict, await RefusedAsync(() => Cloud.Client.PutConfigurationLayerAsync("site/go", "{}", cancellationToken: Cancel)));

        foreach (var device in first)
            await fleet.ReportAsync(device, New);
        await StepAsync();
        Assert.Equal(("soaking", 2), State(await Cloud.Client.GetRolloutAsync(id, Cancel)));
        await fleet.AddAsync("go-late");
        Cloud.Time.Offset += TimeSpan.FromMinutes(61);
        await StepAsync();
        Assert.Equal(("running", 2), State(await Cloud.Client.GetRolloutAsync(id, Cancel)));
        Assert.Equal(5, (await Cloud.Client.ListRolloutDevicesAsync(id, cancellationToken: Cancel)).Items.Count);
        await StepAsync();
        foreach (var device in await InAsync(id, "trial"))
            await fleet.ReportAsync(device, New);
        await StepAsync();
        await StepAsync();
        Assert.Equal(("done", 5), State(await Cloud.Client.GetRolloutAsync(id, Cancel)));
        var layer = await Cloud.Client.GetConfigurationLayerAsync("site/go", Cancel);
        Assert.Equal((2L, New, $"rollout {id} (slower) by admin"), (layer.Version, layer.Content.GetRawText(), layer.Why));
        Assert.All(await DesiredAsync(fleet), d => Assert.Equal(New, d.Value));
        Assert.Equal(("site/go", null), Origin(await Cloud.Client.GetConfigurationAsync(first[0], Cancel)));
        var audit = (await Cloud.Client.ListAuditAsync(new AuditQuery(Kind: "rollout"), cancellationToken: Cancel)).Items.Where(a => a.Id == id).Select(a => $"{a.Actor} {a.Action}").ToArray();
        Assert.Contains("bob approve", audit);
        Assert.Equal(2, audit.Count(a => a == "node go on"));
        Assert.Empty((await Cloud.Client.ListDeviceSoftwareAsync(first[0], Cancel)).Items);
        // It is the layer's again, and what was changed since is not taken back.
        Assert.Equal(3, (await Cloud.Client.PutConfigurationLayerAsync("site/go", """{"interval":90}""", cancellationToken: Cancel)).Version);
        Assert.Equal(HttpStatusCode.Conflict, await RefusedAsync(() => Cloud.Client.RollBackRolloutAsync(id, dryRun: false, Cancel)));
    }

    [Fact]
    public async Task A_device_that_refuses_it_stops_it_and_those_that_have_it_are_taken_back()
    {
        await using var fleet = await FleetAsync("no", 4);
        var id = (await StartAsync(Of("no", [new(0.5, TimeSpan.FromHours(1)), new(1, TimeSpan.Zero)]))).Id;
        await StepAsync();
        var given = await InAsync(id, "trial");
        await fleet.SayAsync(given[0], Refuses);
        await fleet.ReportAsync(given[1], New);
        await StepAsync();
        var stopped = await Cloud.Client.GetRolloutAsync(id, Cancel);
        Assert.Equal(("aborted", "installation", 1), (stopped.State, stopped.Rings[0].Gate!.Rule, stopped.Rings[0].Gate!.Failed));
        Assert.Equal("below what the radio bears", (await Cloud.Client.ListRolloutDevicesAsync(id, "failed", cancellationToken: Cancel)).Items.Single().Reason);
        // Who refused has what it had; who took it keeps it until it is taken back, and so long the layer is held.
        Assert.All(await DesiredAsync(fleet), d => Assert.Equal(d.Key == given[1] ? New : Old, d.Value));
        Assert.Equal(HttpStatusCode.Conflict, await RefusedAsync(() => Cloud.Client.PutConfigurationLayerAsync("site/no", "{}", cancellationToken: Cancel)));

        Assert.Equal((1, 0), ((await Cloud.Client.RollBackRolloutAsync(id, dryRun: true, Cancel)).Devices, 0));
        var back = (await Cloud.Client.RollBackRolloutAsync(id, dryRun: false, Cancel)).Rollout!;
        Assert.Equal(id, back.RollbackOf);
        await StepAsync();
        Assert.All(await DesiredAsync(fleet), d => Assert.Equal(Old, d.Value));
        Assert.Equal(HttpStatusCode.Conflict, await RefusedAsync(() => Cloud.Client.RollBackRolloutAsync(back.Id, dryRun: false, Cancel)));
        await fleet.ReportAsync(given[1], Old);
        await StepAsync();
        await StepAsync();
        Assert.Equal("done", (await Cloud.Client.GetRolloutAsync(back.Id, Cancel)).State);
        Assert.Equal("aborted", (await Cloud.Client.GetRolloutAsync(id, Cancel)).State);
        Assert.Equal(1, (await Cloud.Client.GetConfigurationLayerAsync("site/no", Cancel)).Version);
        await Cloud.Client.DeleteRolloutAsync(back.Id, Cancel);
        await StepAsync();
        Assert.All(await DesiredAsync(fleet), d => Assert.Equal(Old, d.Value));
        Assert.Equal(2, (await Cloud.Client.PutConfigurationLayerAsync("site/no", New, cancellationToken: Cancel)).Version);
    }

    [Fact]
    public async Task A_device_that_does_not_take_it_in_its_time_stops_it_and_is_told_what_was_before_also_while_it_is_silent()
    {
        await using var fleet = await FleetAsync("mute", 4);
        var id = (await StartAsync(Of("mute", [new(0.5, TimeSpan.FromHours(1)), new(1, TimeSpan.Zero)]) with { RollBackOnAbort = true })).Id;
        await StepAsync();
        var given = await InAsync(id, "trial");
        var (mute, other) = (given[0], given[1]);
        await fleet.ReportAsync(other, New);
        // Five minutes and two of its intervals of six hours. The others are heard, so that nothing explains the silence.
        Cloud.Time.Offset += TimeSpan.FromHours(12);
        foreach (var device in fleet.Keys.Where(d => d != mute))
            await fleet.HearAsync(device);
        await StepAsync();
        Assert.Equal(mute, Assert.Single(await InAsync(id, "trial")));
        Cloud.Time.Offset += TimeSpan.FromMinutes(6);
        await StepAsync();
        var stopped = await Cloud.Client.GetRolloutAsync(id, Cancel);
        Assert.Equal(("rollingBack", 1), (stopped.State, stopped.Rings[0].Gate!.Unconfirmed));
        Assert.Equal("was not confirmed in time", (await Cloud.Client.ListRolloutDevicesAsync(id, "unconfirmed", cancellationToken: Cancel)).Items.Single().Reason);
        await StepAsync();
        Assert.All(await DesiredAsync(fleet), d => Assert.Equal(d.Key == other ? New : Old, d.Value));
        // It is silent for good: neither the other nor the layer waits for it.
        Cloud.Time.Offset += TimeSpan.FromMinutes(61);
        await StepAsync();
        Assert.Equal(other, Assert.Single(await InAsync(stopped.Rollback!, "trial")));
        await fleet.ReportAsync(other, Old);
        await StepAsync();
        await StepAsync();
        Assert.Equal("done", (await Cloud.Client.GetRolloutAsync(stopped.Rollback!, Cancel)).State);
        Assert.Equal("aborted", (await Cloud.Client.GetRolloutAsync(id, Cancel)).State);
        Assert.Equal(2, (await Cloud.Client.PutConfigurationLayerAsync("site/mute", New, cancellationToken: Cancel)).Version);
    }

    [Fact]
    public async Task What_a_device_s_schema_refuses_is_not_drafted_and_what_it_comes_to_refuse_is_not_sent()
    {
        const string Schema = """{"properties":{"interval":{"type":"integer","minimum":100}}}""";
        await using var fleet = await FleetAsync("fit", 2);
        await Cloud.Client.PutConfigurationSchemaAsync("fit-model", Schema, Cancel);
        var plan = await Cloud.Client.PlanRolloutAsync(Of("fit", [new(1, TimeSpan.Zero)]), Cancel);
        Assert.Equal((2, 0), (plan.Matched, plan.Targets));
        Assert.StartsWith("it would not fit the schema of model 'fit-model'", Assert.Single(plan.Excluded).Why, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, await RefusedAsync(() => Cloud.Client.CreateRolloutAsync(Of("fit", [new(1, TimeSpan.Zero)]), Cancel)));
        await Cloud.Client.DeleteConfigurationSchemaAsync("fit-model", Cancel);
        var id = (await Cloud.Client.CreateRolloutAsync(Of("fit", [new(0.5, TimeSpan.Zero), new(1, TimeSpan.Zero)]), Cancel)).Id;
        await Cloud.Client.PutConfigurationSchemaAsync("fit-model", Schema, Cancel);
        await Cloud.Client.StepRolloutAsync(id, "start", cancellationToken: Cancel);
        await StepAsync();
        await StepAsync();
        Assert.Equal("aborted", (await Cloud.Client.GetRolloutAsync(id, Cancel)).State);
        Assert.StartsWith("it would not fit the schema", (await Cloud.Client.ListRolloutDevicesAsync(id, "failed", cancellationToken: Cancel)).Items.Single().Reason, StringComparison.Ordinal);
        foreach (var device in fleet.Keys)
            Assert.All((await Cloud.Client.ListShadowChangesAsync(device, "config", cancellationToken: Cancel)).Items, c => Assert.DoesNotContain(id, c.Why, StringComparison.Ordinal));
        // Nobody has it: the layer is let go.
        Assert.Equal(2, (await Cloud.Client.PutConfigurationLayerAsync("site/fit", """{"interval":200}""", cancellationToken: Cancel)).Version);
    }

    [Fact]
    public async Task Of_a_layer_one_rollout_runs_at_a_time_on_what_it_was_drafted_on()
    {
        await using var fleet = await FleetAsync("one", 2);
        var request = Of("one", [new(0.5, TimeSpan.FromHours(1)), new(1, TimeSpan.Zero)]);
        var (first, second) = ((await Cloud.Client.CreateRolloutAsync(request, Cancel)).Id, (await Cloud.Client.CreateRolloutAsync(request, Cancel)).Id);
        await Cloud.Client.PutConfigurationLayerAsync("site/one", """{"interval":200}""", cancellationToken: Cancel);
        var moved = await Assert.ThrowsAsync<StrataApiException>(() => Cloud.Client.StepRolloutAsync(first, "start", cancellationToken: Cancel));
        Assert.Contains("Layer 'site/one' was changed meanwhile: it has version 2", moved.Message, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, moved.StatusCode);
        var (third, fourth) = ((await Cloud.Client.CreateRolloutAsync(request, Cancel)).Id, (await Cloud.Client.CreateRolloutAsync(request, Cancel)).Id);
        await Cloud.Client.StepRolloutAsync(third, "start", cancellationToken: Cancel);
        Assert.Contains($"is changed by rollout {third} now", (await Assert.ThrowsAsync<StrataApiException>(() => Cloud.Client.StepRolloutAsync(fourth, "start", cancellationToken: Cancel))).Message, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, await RefusedAsync(() => Cloud.Client.CreateRolloutAsync(request with { Query = "id:*" }, Cancel)));
        Assert.Equal(HttpStatusCode.BadRequest, await RefusedAsync(() => Cloud.Client.CreateRolloutAsync(request with { Mode = "downloadOnly" }, Cancel)));
        Assert.Equal(HttpStatusCode.BadRequest, await RefusedAsync(() => Cloud.Client.CreateRolloutAsync(request with { Configuration = new("planet", Json("{}")) }, Cancel)));
        Assert.Equal(HttpStatusCode.BadRequest, await RefusedAsync(() => Cloud.Client.CreateRolloutAsync(request with { Configuration = new("site/one", Json("[1]")) }, Cancel)));
        Assert.Equal(HttpStatusCode.TooManyRequests, await RefusedAsync(() => Cloud.Client.CreateRolloutAsync(request with { Configuration = new("site/one", Json($"{{\"a\":\"{new string('x', 200_000)}\"}}")) }, Cancel)));
        using (var without = await Cloud.Http.PostAsync(new Uri("/api/v1/rollouts", UriKind.Relative), new StringContent("{\"configuration\":{}}", System.Text.Encoding.UTF8, "application/json"), Cancel))
            Assert.Equal(HttpStatusCode.BadRequest, without.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, await RefusedAsync(() => Cloud.Client.CreateRolloutAsync(Of("one", null) with { Configuration = new("site/one", Json("""{"interval":200}""")) }, Cancel)));

        // Aborted, who has it keeps it; deleted, everybody has what the layer says.
        await StepAsync();
        var given = Assert.Single(await InAsync(third, "trial"));
        await Cloud.Client.StepRolloutAsync(third, "abort", cancellationToken: Cancel);
        await StepAsync();
        Assert.Equal(New, (await DesiredAsync(fleet))[given]);
        await Cloud.Client.DeleteRolloutAsync(third, Cancel);
        await StepAsync();
        Assert.All(await DesiredAsync(fleet), d => Assert.Equal("""{"interval":200}""", d.Value));
        Assert.Equal("running", (await Cloud.Client.StepRolloutAsync(fourth, "start", cancellationToken: Cancel)).State);
        await Cloud.Client.StepRolloutAsync(fourth, "abort", cancellationToken: Cancel);
    }

    [Fact]
    public async Task A_rehearsal_says_which_devices_another_rollout_has()
    {
        await using var fleet = await FleetAsync("shared", 3);
        Assert.Empty(await SharedAsync());
        var other = await Cloud.Client.CreateRolloutAsync(new CreateRollout(NeedsApproval: false, Configuration: new RolloutConfiguration("device/shared-0", Json("""{"interval":100}"""))), Cancel);
        Assert.Empty(await SharedAsync());
        await Cloud.Client.StepRolloutAsync(other.Id, "start", cancellationToken: Cancel);
        Assert.Equal(["shared-0"], await SharedAsync());
        await Cloud.Client.StepRolloutAsync(other.Id, "abort", cancellationToken: Cancel);
        Assert.Empty(await SharedAsync());

        async Task<IReadOnlyList<string>> SharedAsync() =>
            [.. (await Cloud.Client.PlanRolloutAsync(Of("shared", null), Cancel)).Warnings.Where(w => w.Why.StartsWith("in another rollout too", StringComparison.Ordinal)).SelectMany(w => w.Devices)];
    }

    [Fact]
    public async Task What_is_done_is_taken_back_for_those_that_came_by_it_first_and_then_for_the_layer()
    {
        await using var fleet = await FleetAsync("undo", 4);
        var id = (await StartAsync(Of("undo", [new(1, TimeSpan.Zero)]))).Id;
        await StepAsync();
        foreach (var device in fleet.Keys)
            await fleet.ReportAsync(device, New);
        await StepAsync();
        Assert.Equal(("done", 4), State(await Cloud.Client.GetRolloutAsync(id, Cancel)));
        Assert.Equal(HttpStatusCode.Conflict, await RefusedAsync(() => Cloud.Client.RetryRolloutAsync(id, Cancel)));
        var back = (await Cloud.Client.RollBackRolloutAsync(id, dryRun: false, Cancel)).Rollout!.Id;
        await StepAsync();
        var first = Assert.Single(await InAsync(back, "trial"));
        Assert.All(await DesiredAsync(fleet), d => Assert.Equal(d.Key == first ? Old : New, d.Value));
        Assert.Equal(("site/undo", back), Origin(await Cloud.Client.GetConfigurationAsync(first, Cancel)));
        await fleet.ReportAsync(first, Old);
        await StepAsync();
        Cloud.Time.Offset += TimeSpan.FromMinutes(61);
        await StepAsync();
        foreach (var device in await InAsync(back, "trial"))
            await fleet.ReportAsync(device, Old);
        await StepAsync();
        await StepAsync();
        Assert.Equal("done", (await Cloud.Client.GetRolloutAsync(back, Cancel)).State);
        var layer = await Cloud.Client.GetConfigurationLayerAsync("site/undo", Cancel);
        Assert.Equal((3L, Old), (layer.Version, layer.Content.GetRawText()));
        Assert.All(await DesiredAsync(fleet), d => Assert.Equal(Old, d.Value));
    }

    [Fact]
    public async Task A_node_that_is_killed_before_the_layer_says_it_has_the_layer_say_it_afterwards()
    {
        await using var fleet = await FleetAsync("end", 2);
        var id = (await StartAsync(Of("end", [new(1, TimeSpan.Zero)]))).Id;
        await StepAsync();
        foreach (var device in fleet.Keys)
            await fleet.ReportAsync(device, New);
        Cloud.LayerFaults.FailNext();
        await StepAsync();
        Assert.Equal("done", (await Cloud.Client.GetRolloutAsync(id, Cancel)).State);
        Assert.Equal(1, (await Cloud.Client.GetConfigurationLayerAsync("site/end", Cancel)).Version);
        // Everybody has it all the same, and nobody else changes the layer before it says it.
        Assert.All(await DesiredAsync(fleet), d => Assert.Equal(New, d.Value));
        Assert.Equal(HttpStatusCode.Conflict, await RefusedAsync(() => Cloud.Client.PutConfigurationLayerAsync("site/end", "{}", cancellationToken: Cancel)));
        Assert.Equal(HttpStatusCode.Conflict, await RefusedAsync(() => Cloud.Client.DeleteRolloutAsync(id, Cancel)));
        await Cloud.StopAsync();
        await Cloud.StartAsync();
        await StepAsync();
        Assert.Equal(2, (await Cloud.Client.GetConfigurationLayerAsync("site/end", Cancel)).Version);
        Assert.All(await DesiredAsync(fleet), d => Assert.Equal(New, d.Value));
        // Once: after it was changed again it stays as it is.
        await Cloud.Client.DeleteConfigurationLayerAsync("site/end", Cancel);
        await Cloud.Client.PutConfigurationLayerAsync("site/end", Old, cancellationToken: Cancel);
        await StepAsync();
        Assert.Equal((4L, Old), ((await Cloud.Client.GetConfigurationLayerAsync("site/end", Cancel)).Version, (await Cloud.Client.GetConfigurationLayerAsync("site/end", Cancel)).Content.GetRawText()));
    }

    [Fact]
    public async Task Nobody_is_told_before_it_is_written_that_he_was_given_it()
    {
        await using var fleet = await FleetAsync("written", 2);
        var id = (await StartAsync(Of("written", [new(0.5, TimeSpan.FromHours(1)), new(1, TimeSpan.Zero)]))).Id;
        var release = Cloud.Faults.Hold();
        Cloud.Faults.FailNext();
        var look = Cloud.LookAsync();
        await WaitForAsync(async () => (await InAsync(id, "trial")).Count == 1, "it to be decided who is given it");
        var bring = Bring(TenantId.Main);
        release();
        await look;
        await Assert.ThrowsAsync<IOException>(() => bring);
        Assert.Empty(await InAsync(id, "trial"));
        foreach (var device in fleet.Keys)
            Assert.DoesNotContain((await Cloud.Client.ListShadowChangesAsync(device, "config", cancellationToken: Cancel)).Items, c => c.Why?.Contains(id, StringComparison.Ordinal) == true);
        await StepAsync();
        Assert.Equal(New, (await DesiredAsync(fleet))[Assert.Single(await InAsync(id, "trial"))]);
        await Cloud.Client.StepRolloutAsync(id, "abort", cancellationToken: Cancel);
    }

    [Fact]
    public async Task It_is_its_tenant_s_alone_and_of_who_may_change_devices_too()
    {
        await using var fleet = await FleetAsync("own", 1);
        await Cloud.Client.CreateTenantAsync(new CreateTenant("own-other"), Cancel);
        var other = new StrataClient(Cloud.Http, null, "own-other");
        await other.ApplyAsync("apiVersion: strata/v1\nsite: own\ndevices: [ { id: own-0, site: own } ]\nconfiguration:\n  layers: [ { layer: site/own, content: { interval: 300 } } ]\n", dryRun: false, prune: false, cancellationToken: Cancel);
        var id = (await StartAsync(Of("own", [new(1, TimeSpan.FromHours(1))]))).Id;
        await StepAsync();
        await Bring(TenantId.Parse("own-other"));
        Assert.Equal(New, (await DesiredAsync(fleet))["own-0"]);
        Assert.Equal(Old, (await other.GetShadowAsync("own-0", "config", cancellationToken: Cancel)).State.GetProperty("desired").GetRawText());
        Assert.Equal(HttpStatusCode.NotFound, await RefusedAsync(() => other.GetRolloutAsync(id, Cancel)));
        Assert.Equal(2, (await other.PutConfigurationLayerAsync("site/own", New, cancellationToken: Cancel)).Version);

        await Cloud.Client.CreateRoleAsync(new CreateRole("updater", ["updates.read", "updates.write", "updates.start"]), Cancel);
        var updater = new StrataClient(Cloud.NewClient(), (await Cloud.Client.CreateTokenAsync(new CreateToken([new GrantInfo("updater")], "carl"), Cancel)).Token);
        Assert.Equal(HttpStatusCode.Forbidden, await RefusedAsync(() => updater.CreateRolloutAsync(Of("own", null), Cancel)));
        Assert.Equal(HttpStatusCode.Forbidden, await RefusedAsync(() => updater.PlanRolloutAsync(Of("own", null), Cancel)));
        Assert.Null((await updater.GetRolloutAsync(id, Cancel)).Configuration!.Content);
        await Cloud.Client.StepRolloutAsync(id, "abort", cancellationToken: Cancel);
    }

    [Fact]
    public async Task A_group_by_query_is_followed_and_who_comes_into_it_is_staged()
    {
        await using var fleet = await FleetAsync("grp", 5);
        await Cloud.Client.PutGroupAsync("grp-slow", new SaveGroup(null, "tag.pace=grp", null), Cancel);
        foreach (var device in fleet.Keys.Take(4))
            await PaceAsync(device, "grp");
        // The layer of the group is not there yet, and a place's is stronger than a group's.
        var id = (await StartAsync(new CreateRollout(Rings: [new(0.5, TimeSpan.FromHours(1)), new(1, TimeSpan.Zero)], NeedsApproval: false, Configuration: new("group/grp-slow", Json("""{"interval":5,"led":true}"""))))).Id;
        await StepAsync();
        var given = await InAsync(id, "trial");
        const string With = """{"interval":300,"led":true}""";
        Assert.All(await DesiredAsync(fleet), d => Assert.Equal(given.Contains(d.Key) ? With : Old, d.Value));
        Assert.Equal(2, given.Count);
        var (comes, leaves) = (fleet.Keys.Last(), fleet.Keys.First(d => !given.Contains(d)));
        await PaceAsync(comes, "grp");
        await PaceAsync(leaves, null);
        await StepAsync();
        await StepAsync();
        Assert.Equal(fleet.Keys.Where(d => d != leaves).Order(StringComparer.Ordinal), (await Cloud.Client.ListRolloutDevicesAsync(id, cancellationToken: Cancel)).Items.Select(d => d.Device));
        Assert.Equal(Old, (await DesiredAsync(fleet))[leaves]);
        // Also who has it and leaves has what the layers say then; it is not held against it.
        await PaceAsync(given[0], null);
        await StepAsync();
        Assert.Equal(Old, (await DesiredAsync(fleet))[given[0]]);
        await StepAsync();
        Assert.Equal("succeeded", (await Cloud.Client.ListRolloutDevicesAsync(id, cancellationToken: Cancel)).Items.Single(d => d.Device == given[0]).State);
        await Cloud.Client.StepRolloutAsync(id, "abort", cancellationToken: Cancel);

        Task PaceAsync(string device, string? pace) => Cloud.Client.ChangeDeviceAsync(device, new ChangeDevice { Tags = new Dictionary<string, string?> { ["pace"] = pace } }, cancellationToken: Cancel);
    }

    [Fact]
    public async Task A_draft_of_a_layer_that_concerns_nobody_starts_with_whom_it_concerns_by_then_when_each_can_have_it()
    {
        await using var fleet = await FleetAsync("none", 0);
        var id = (await Cloud.Client.CreateRolloutAsync(Of("none", [new(1, TimeSpan.Zero)]), Cancel)).Id;
        Assert.Equal(HttpStatusCode.Conflict, await RefusedAsync(() => Cloud.Client.StepRolloutAsync(id, "start", cancellationToken: Cancel)));
        await fleet.AddAsync("none-0");
        await Cloud.Client.PutConfigurationSchemaAsync("none-model", """{"properties":{"interval":{"minimum":100}}}""", Cancel);
        var unfit = await Assert.ThrowsAsync<StrataApiException>(() => Cloud.Client.StepRolloutAsync(id, "start", cancellationToken: Cancel));
        Assert.StartsWith("Device 'none-0' cannot have it: it would not fit the schema", unfit.Message, StringComparison.Ordinal);
        await Cloud.Client.DeleteConfigurationSchemaAsync("none-model", Cancel);
        Assert.Equal("running", (await Cloud.Client.StepRolloutAsync(id, "start", cancellationToken: Cancel)).State);
        await StepAsync();
        Assert.Equal(New, (await DesiredAsync(fleet))["none-0"]);
        await Cloud.Client.StepRolloutAsync(id, "abort", cancellationToken: Cancel);
    }

    [Fact]
    public async Task A_file_drafts_it_and_starts_nothing()
    {
        await using var fleet = await FleetAsync("text", 1);
        const string File = """
            apiVersion: strata/v1
            rollouts:
              - { name: from a file, layer: site/text, content: { interval: 60 }, rings: [ { share: 100%, soak: 1h } ], approval: false }
            """;
        Assert.Equal("from a file", Assert.Single((await Cloud.Client.ApplyAsync(File, dryRun: true, prune: false, cancellationToken: Cancel)).Changes).Id);
        Assert.Single((await Cloud.Client.ApplyAsync(File, dryRun: false, prune: false, cancellationToken: Cancel)).Changes);
        Assert.Empty((await Cloud.Client.ApplyAsync(File, dryRun: false, prune: true, cancellationToken: Cancel)).Changes);
        var drafted = Assert.Single((await Cloud.Client.ListRolloutsAsync(cancellationToken: Cancel)).Items, r => r.Name == "from a file");
        Assert.Equal(("drafted", "site/text"), (drafted.State, drafted.Configuration!.Layer));
        await StepAsync();
        Assert.Equal(Old, (await DesiredAsync(fleet))["text-0"]);
        var wrong = await Assert.ThrowsAsync<StrataApiException>(() => Cloud.Client.ApplyAsync(File.Replace("layer: site/text", "layer: site/text, artifact: app/1/x", StringComparison.Ordinal), dryRun: true, prune: false, "f.yaml", Cancel));
        Assert.StartsWith("f.yaml:3:", wrong.Message, StringComparison.Ordinal);
        await Cloud.Client.DeleteRolloutAsync(drafted.Id, Cancel);
    }

    private static CreateRollout Of(string run, IReadOnlyList<RolloutRingPlan>? rings) => new(Name: "slower", Rings: rings, NeedsApproval: false, Configuration: new RolloutConfiguration($"site/{run}", Json(New)));

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    private static (string State, int Devices) State(RolloutInfo info) => (info.State, info.State == "soaking" ? info.Rings[0].Updated : info.State == "running" ? info.Ring!.Value : info.Rings.Sum(r => r.Updated));

    private static (string Layer, string? Rollout) Origin(ConfigurationInfo of) => (of.Origins.Single().Layer, of.Origins.Single().Rollout);

    private static async Task<HttpStatusCode> RefusedAsync(Func<Task> request) => (await Assert.ThrowsAsync<StrataApiException>(request)).StatusCode;

    /// <summary>A look at the rollouts, and what is to be brought to devices is.</summary>
    private async Task StepAsync()
    {
        Cloud.Time.Offset += TimeSpan.FromSeconds(2);
        await Cloud.LookAsync();
        await Bring(TenantId.Main);
    }

    private Task Bring(TenantId tenant) => Cloud.Node.Services.GetRequiredService<ConfigurationRunner>().RunOnceAsync(tenant, Cancel);

    private async Task<IReadOnlyList<string>> InAsync(string rollout, string state) => [.. (await Cloud.Client.ListRolloutDevicesAsync(rollout, state, cancellationToken: Cancel)).Items.Select(d => d.Device)];

    private async Task<Dictionary<string, string>> DesiredAsync(LayerFleet fleet)
    {
        var desired = new Dictionary<string, string>();
        foreach (var device in fleet.Keys)
            desired[device] = (await Cloud.Client.GetShadowAsync(device, "config", cancellationToken: Cancel)).State.TryGetProperty("desired", out var part) ? part.GetRawText() : "{}";
        return desired;
    }

    /// <summary>Devices that are heard, at a place of their own whose layer says <see cref="Old"/>, which they report.</summary>
    private async Task<LayerFleet> FleetAsync(string run, int count)
    {
        await Cloud.Client.ApplyAsync($"apiVersion: strata/v1\nsite: {run}\n", dryRun: false, prune: false, cancellationToken: Cancel);
        await Cloud.Client.PutConfigurationLayerAsync($"site/{run}", Old, cancellationToken: Cancel);
        var fleet = new LayerFleet(Cloud, run);
        await fleet.AddAsync([.. Enumerable.Range(0, count).Select(i => $"{run}-{i}")]);
        await StepAsync();
        return fleet;
    }
}

/// <summary>Devices of one place that listen to their configuration.</summary>
internal sealed class LayerFleet(RolloutCloud cloud, string run) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, ShadowDevice> connected = [];

    public Dictionary<string, DeviceSecret> Secrets { get; } = [];

    public IReadOnlyCollection<string> Keys => Secrets.Keys;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async Task AddAsync(params IReadOnlyList<string> ids)
    {
        foreach (var id in ids)
            Secrets[id] = await cloud.Client.CreateDeviceAsync(new CreateDevice(id, run, $"{run}-model", TimeSpan.FromHours(6)), Cancel);
        await Task.WhenAll(ids.Select(id => ConnectAsync(cloud.Node.Mqtt.Port, id)));
        foreach (var id in ids)
            await ReportAsync(id, """{"interval":300}""");
    }

    public Task ConnectAsync(int port) => Task.WhenAll(Keys.Select(id => ConnectAsync(port, id)));

    public Task ReportAsync(string device, string configuration) => SayAsync(device, $$$"""{"state":{"reported":{{{configuration}}}}}""");

    /// <summary>Completes when it is kept.</summary>
    public Task SayAsync(string device, string update) => connected[device].PublishAsync("shadow/name/config/update", update);

    public Task HearAsync(string device) => connected[device].PublishAsync("telemetry", "{\"t\":1}");

    public async ValueTask DisposeAsync()
    {
        foreach (var device in connected.Values)
            await device.DisposeAsync();
    }

    private async Task ConnectAsync(int port, string id)
    {
        connected[id] = await ShadowDevice.ConnectAsync(port, Secrets[id], keeps: false);
        // Its first reading makes it active.
        await HearAsync(id);
        await RolloutSteps.WaitForAsync(async () => (await cloud.Client.GetDeviceAsync(id, Cancel)).State == "active", $"{id} to be active");
    }
}
