using System.Net;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests.Updates;

/// <summary>A layer that is deleted by a rollout.</summary>
public abstract partial class LayerRolloutsTests
{
    [Fact]
    public async Task A_layer_is_taken_from_ring_to_ring_over_a_restart_is_gone_in_the_end_and_is_back_when_it_is_rolled_back()
    {
        await using var fleet = await FleetAsync("gone", 4);
        await BelowAsync("gone");
        var request = Without("gone", [new(0.5, TimeSpan.FromHours(1)), new(1, TimeSpan.Zero)]);
        var plan = await Cloud.Client.PlanRolloutAsync(request, Cancel);
        Assert.Equal(("deletion of site/gone", 4, 4, 4L * New.Length), (plan.Artifact, plan.Matched, plan.Targets, plan.Bytes));
        var id = (await StartAsync(request)).Id;
        var drafted = (await Cloud.Client.GetRolloutAsync(id, Cancel)).Configuration!;
        Assert.Equal(("site/gone", 1L, Old, null, true), (drafted.Layer, drafted.Version, drafted.Before?.GetRawText(), drafted.Content?.GetRawText(), drafted.Delete));
        Assert.True((await Cloud.Client.ListRolloutsAsync(cancellationToken: Cancel)).Items.Single(r => r.Id == id).Configuration is { Delete: true, Before: null });

        await StepAsync();
        var first = await InAsync(id, "trial");
        Assert.Equal(2, first.Count);
        await HaveAsync();
        Assert.Equal(HttpStatusCode.Conflict, await RefusedAsync(() => Cloud.Client.PutConfigurationLayerAsync("site/gone", "{}", cancellationToken: Cancel)));
        Assert.Equal(HttpStatusCode.Conflict, await RefusedAsync(() => Cloud.Client.DeleteConfigurationLayerAsync("site/gone", Cancel)));
        Assert.Contains("{layer: site/gone, content: {interval: 300}}", await Cloud.Client.ExportAsync("gone", Cancel), StringComparison.Ordinal);
        Assert.Equal($"from group/gone-below, without site/gone (rollout {id})", (await Cloud.Client.ListShadowChangesAsync(first[0], "config", limit: 1, cancellationToken: Cancel)).Items[0].Why);
        await Cloud.StopAsync();
        await Cloud.StartAsync();
        await fleet.ConnectAsync(Cloud.Node.Mqtt.Port);
        await StepAsync();
        await HaveAsync();

        foreach (var device in first)
            await fleet.ReportAsync(device, New);
        await StepAsync();
        Assert.Equal(("soaking", 2), State(await Cloud.Client.GetRolloutAsync(id, Cancel)));
        await fleet.AddAsync("gone-late");
        Cloud.Time.Offset += TimeSpan.FromMinutes(61);
        await StepAsync();
        await StepAsync();
        foreach (var device in await InAsync(id, "trial"))
            await fleet.ReportAsync(device, New);
        await StepAsync();
        await StepAsync();
        Assert.Equal(("done", 5), State(await Cloud.Client.GetRolloutAsync(id, Cancel)));
        Assert.Equal(HttpStatusCode.NotFound, await RefusedAsync(() => Cloud.Client.GetConfigurationLayerAsync("site/gone", Cancel)));
        Assert.DoesNotContain((await Cloud.Client.ListConfigurationLayersAsync(Cancel)).Items, l => l.Layer == "site/gone");
        Assert.DoesNotContain("site/gone", await Cloud.Client.ExportAsync("gone", Cancel), StringComparison.Ordinal);
        Assert.All(await DesiredAsync(fleet), d => Assert.Equal(New, d.Value));
        await ComesAsync(first[0], "group/gone-below", null, null);
        var audit = (await Cloud.Client.ListAuditAsync(new AuditQuery(Kind: "configuration"), cancellationToken: Cancel)).Items.First(a => a.Id == "site/gone");
        Assert.Equal(("node", "delete", 2L), (audit.Actor, audit.Action, Json(audit.After!).GetProperty("version").GetInt64()));
        Assert.Contains("layer 'site/gone' is gone", (await Assert.ThrowsAsync<StrataApiException>(() => Cloud.Client.RetryRolloutAsync(id, Cancel))).Message, StringComparison.Ordinal);

        var back = (await Cloud.Client.RollBackRolloutAsync(id, dryRun: false, Cancel)).Rollout!.Id;
        await StepAsync();
        var taken = Assert.Single(await InAsync(back, "trial"));
        Assert.All(await DesiredAsync(fleet), d => Assert.Equal(d.Key == taken ? Old : New, d.Value));
        await ComesAsync(taken, "site/gone", back, null);
        await fleet.ReportAsync(taken, Old);
        await StepAsync();
        Cloud.Time.Offset += TimeSpan.FromMinutes(61);
        await StepAsync();
        foreach (var device in await InAsync(back, "trial"))
            await fleet.ReportAsync(device, Old);
        await StepAsync();
        await StepAsync();
        Assert.Equal("done", (await Cloud.Client.GetRolloutAsync(back, Cancel)).State);
        var layer = await Cloud.Client.GetConfigurationLayerAsync("site/gone", Cancel);
        Assert.Equal((3L, Old), (layer.Version, layer.Content.GetRawText()));
        await ComesAsync(taken, "site/gone", null, null);

        async Task HaveAsync()
        {
            Assert.All(await DesiredAsync(fleet), d => Assert.Equal(first.Contains(d.Key) ? New : Old, d.Value));
            await ComesAsync(first[0], "group/gone-below", null, id);
            await ComesAsync(fleet.Keys.First(d => !first.Contains(d)), "site/gone", null, null);
            Assert.Equal(1, (await Cloud.Client.GetConfigurationLayerAsync("site/gone", Cancel)).Version);
        }
    }

    [Fact]
    public async Task A_layer_below_which_nothing_is_said_is_taken_back_to_who_lost_it_and_was_never_gone()
    {
        await using var fleet = await FleetAsync("lost", 4);
        var id = (await StartAsync(Without("lost", [new(0.5, TimeSpan.FromHours(1)), new(1, TimeSpan.Zero)]))).Id;
        await StepAsync();
        var first = await InAsync(id, "trial");
        Assert.All(await DesiredAsync(fleet), d => Assert.Equal(first.Contains(d.Key) ? "{}" : Old, d.Value));
        // Nobody can report what is not there any more.
        await StepAsync();
        Assert.Equal(("soaking", 2), State(await Cloud.Client.GetRolloutAsync(id, Cancel)));
        await Cloud.Client.StepRolloutAsync(id, "abort", cancellationToken: Cancel);
        var back = (await Cloud.Client.RollBackRolloutAsync(id, dryRun: false, Cancel)).Rollout!.Id;
        for (var ring = 0; ring < 2; ring++)
        {
            await StepAsync();
            foreach (var device in await InAsync(back, "trial"))
                await fleet.ReportAsync(device, Old);
            await StepAsync();
            Cloud.Time.Offset += TimeSpan.FromMinutes(61);
            await StepAsync();
        }
        await StepAsync();
        Assert.Equal("done", (await Cloud.Client.GetRolloutAsync(back, Cancel)).State);
        Assert.All(await DesiredAsync(fleet), d => Assert.Equal(Old, d.Value));
        Assert.Equal(1, (await Cloud.Client.GetConfigurationLayerAsync("site/lost", Cancel)).Version);
    }

    [Fact]
    public async Task A_layer_that_came_by_a_rollout_is_gone_when_it_is_rolled_back_and_a_node_that_is_killed_deletes_it_afterwards()
    {
        await using var fleet = await FleetAsync("came", 1);
        await Cloud.Client.DeleteConfigurationLayerAsync("site/came", Cancel);
        var id = (await StartAsync(Of("came", [new(1, TimeSpan.Zero)]))).Id;
        Assert.Equal((2L, null), ((await Cloud.Client.GetRolloutAsync(id, Cancel)).Configuration!.Version, (await Cloud.Client.GetRolloutAsync(id, Cancel)).Configuration!.Before));
        await StepAsync();
        await fleet.ReportAsync("came-0", New);
        await StepAsync();
        Assert.Equal("done", (await Cloud.Client.GetRolloutAsync(id, Cancel)).State);
        Assert.Equal(3, (await Cloud.Client.GetConfigurationLayerAsync("site/came", Cancel)).Version);

        var back = (await Cloud.Client.RollBackRolloutAsync(id, dryRun: false, Cancel)).Rollout!.Id;
        await StepAsync();
        Cloud.LayerFaults.FailNext();
        await StepAsync();
        Assert.Equal("done", (await Cloud.Client.GetRolloutAsync(back, Cancel)).State);
        // Everybody is without it; it is there, and held, until it is deleted.
        Assert.All(await DesiredAsync(fleet), d => Assert.Equal("{}", d.Value));
        Assert.Equal([("site/came", back)], (await Cloud.Client.GetConfigurationAsync("came-0", Cancel)).Gone!.Select(g => (g.Layer, g.Rollout)));
        Assert.Equal(3, (await Cloud.Client.GetConfigurationLayerAsync("site/came", Cancel)).Version);
        Assert.Equal(HttpStatusCode.Conflict, await RefusedAsync(() => Cloud.Client.PutConfigurationLayerAsync("site/came", "{}", cancellationToken: Cancel)));
        await Cloud.StopAsync();
        await Cloud.StartAsync();
        await StepAsync();
        Assert.Equal(HttpStatusCode.NotFound, await RefusedAsync(() => Cloud.Client.GetConfigurationLayerAsync("site/came", Cancel)));
        Assert.Null((await Cloud.Client.GetConfigurationAsync("came-0", Cancel)).Gone);
        Assert.Equal(5, (await Cloud.Client.PutConfigurationLayerAsync("site/came", Old, version: 0, cancellationToken: Cancel)).Version);
    }

    [Fact]
    public async Task A_layer_is_deleted_or_says_something_and_one_that_is_made_again_is_not_the_one_that_was_to_be_deleted()
    {
        await using var fleet = await FleetAsync("again", 1);
        var request = Without("again", [new(1, TimeSpan.Zero)]);
        var missing = await Assert.ThrowsAsync<StrataApiException>(() => Cloud.Client.CreateRolloutAsync(request with { Configuration = new("site/nowhere", Delete: true) }, Cancel));
        Assert.Equal((HttpStatusCode.NotFound, "There is no layer 'site/nowhere'."), (missing.StatusCode, missing.Message));
        Assert.Equal(HttpStatusCode.BadRequest, await RefusedAsync(() => Cloud.Client.CreateRolloutAsync(request with { Configuration = new("site/again") }, Cancel)));
        Assert.Equal(HttpStatusCode.BadRequest, await RefusedAsync(() => Cloud.Client.CreateRolloutAsync(request with { Configuration = new("site/again", Json(New), Delete: true) }, Cancel)));
        var id = (await Cloud.Client.CreateRolloutAsync(request, Cancel)).Id;
        await Cloud.Client.DeleteConfigurationLayerAsync("site/again", Cancel);
        await Cloud.Client.PutConfigurationLayerAsync("site/again", Old, cancellationToken: Cancel);
        Assert.Contains("it has version 3", (await Assert.ThrowsAsync<StrataApiException>(() => Cloud.Client.StepRolloutAsync(id, "start", cancellationToken: Cancel))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_drafts_the_deletion_of_a_layer()
    {
        await using var fleet = await FleetAsync("unsaid", 1);
        const string File = """
            apiVersion: strata/v1
            rollouts:
              - { name: without unsaid, layer: site/unsaid, delete: true, rings: [ { share: 100%, soak: 1h } ], approval: false }
            """;
        Assert.Single((await Cloud.Client.ApplyAsync(File, dryRun: false, prune: false, cancellationToken: Cancel)).Changes);
        Assert.Empty((await Cloud.Client.ApplyAsync(File, dryRun: false, prune: false, cancellationToken: Cancel)).Changes);
        var drafted = Assert.Single((await Cloud.Client.ListRolloutsAsync(cancellationToken: Cancel)).Items, r => r.Name == "without unsaid");
        Assert.Equal(("drafted", "site/unsaid", true), (drafted.State, drafted.Configuration!.Layer, drafted.Configuration.Delete));
        foreach (var (said, place) in new[] { ("delete: true, content: { a: 1 }", "f.yaml:3:"), ("delete: false", "f.yaml:3:"), ("delete: yes", "f.yaml:3:") })
        {
            var wrong = await Assert.ThrowsAsync<StrataApiException>(() => Cloud.Client.ApplyAsync(File.Replace("delete: true", said, StringComparison.Ordinal), dryRun: true, prune: false, "f.yaml", Cancel));
            Assert.StartsWith(place, wrong.Message, StringComparison.Ordinal);
        }
        await Cloud.Client.DeleteRolloutAsync(drafted.Id, Cancel);
    }

    private static CreateRollout Without(string run, IReadOnlyList<RolloutRingPlan> rings) => new(Name: "without", Rings: rings, NeedsApproval: false, Configuration: new RolloutConfiguration($"site/{run}", Delete: true));

    /// <summary>A group's layer, which a place's covers, says <see cref="New"/>.</summary>
    private async Task BelowAsync(string run)
    {
        await Cloud.Client.PutGroupAsync($"{run}-below", new SaveGroup(null, $"site:{run}", null), Cancel);
        await Cloud.Client.PutConfigurationLayerAsync($"group/{run}-below", New, cancellationToken: Cancel);
    }

    /// <param name="rollout">Of which the device has the value.</param>
    /// <param name="without">The rollout that takes the place's layer from it.</param>
    private async Task ComesAsync(string device, string layer, string? rollout, string? without)
    {
        var configuration = await Cloud.Client.GetConfigurationAsync(device, Cancel);
        Assert.Equal((layer, rollout), Origin(configuration));
        Assert.Equal(without, configuration.Gone?.Single().Rollout);
    }
}
