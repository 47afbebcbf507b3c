using System.Net;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Contracts;
using Strata.Cloud.Shadows.Store;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tests.Shadows;

public sealed class ShadowApiInFilesTests(RunningCloud cloud) : ShadowApiTests(cloud), IClassFixture<RunningCloud>;

public sealed class ShadowApiInPostgresTests(RunningCloudOnPostgres cloud) : ShadowApiTests(cloud), IClassFixture<RunningCloudOnPostgres>;

/// <summary>Shadows as people and programs see them.</summary>
public abstract class ShadowApiTests(RunningCloud cloud)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_update_on_what_is_not_there_any_more_is_a_conflict_that_says_the_version()
    {
        await cloud.Client.CreateDeviceAsync(new CreateDevice("api-1"), Cancelled);
        Assert.Equal(1, (await Desire("api-1", """{"a":1}""")).Version);
        Assert.Equal(2, (await cloud.Client.UpdateShadowAsync("api-1", """{"state":{"desired":{"a":2}}}""", version: 1, cancellationToken: Cancelled)).Version);
        using var request = new HttpRequestMessage(HttpMethod.Patch, "api/v1/devices/api-1/shadow") { Content = new StringContent("""{"state":{"desired":{"a":3}}}""", Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("If-Match", "\"1\"");
        using var conflict = await cloud.Http.SendAsync(request, Cancelled);
        Assert.Equal((HttpStatusCode.Conflict, "\"2\""), (conflict.StatusCode, conflict.Headers.ETag!.Tag));
        Assert.Contains("\"version\":2", await conflict.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        using var read = await cloud.Http.GetAsync("api/v1/devices/api-1/shadow", Cancelled);
        Assert.Equal("\"2\"", read.Headers.ETag!.Tag);
    }

    [Fact]
    public async Task History_says_who_when_and_why_and_every_state_can_be_seen_compared_and_taken_back()
    {
        await cloud.Client.CreateDeviceAsync(new CreateDevice("api-2"), Cancelled);
        await cloud.Client.UpdateShadowAsync("api-2", """{"state":{"desired":{"a":1,"b":{"c":[1,2]}}},"why":"commissioning"}""", cancellationToken: Cancelled);
        await Desire("api-2", """{"a":null,"b":{"c":[3]}}""");
        await cloud.Client.UpdateShadowAsync("api-2", """{"state":{"tags":{"owner":"bob"}}}""", cancellationToken: Cancelled);
        var history = (await cloud.Client.ListShadowChangesAsync("api-2", cancellationToken: Cancelled)).Items;
        Assert.Equal([3L, 2, 1], history.Select(h => h.Version));
        Assert.Equal(("commissioning", """{"desired":{"a":1,"b":{"c":[1,2]}}}"""), (history[2].Why, history[2].Change.GetRawText()));
        Assert.All(history, h => Assert.Equal("admin", h.Actor));
        var first = await cloud.Client.ListShadowChangesAsync("api-2", limit: 1, cancellationToken: Cancelled);
        Assert.Equal(2, Assert.Single((await cloud.Client.ListShadowChangesAsync("api-2", cursor: first.Next, limit: 1, cancellationToken: Cancelled)).Items).Version);

        Assert.Equal(2, Assert.Single((await cloud.Client.ListShadowChangesAsync("api-2", version: 2, cancellationToken: Cancelled)).Items).Version);
        Assert.Empty((await cloud.Client.ListShadowChangesAsync("api-2", version: 9, cancellationToken: Cancelled)).Items);

        Assert.Equal("""{"a":1,"b":{"c":[1,2]}}""", (await cloud.Client.GetShadowAsync("api-2", version: 1, cancellationToken: Cancelled)).State.GetProperty("desired").GetRawText());
        Assert.Equal("""{"a":1,"b":{"c":[1,2]}}""", (await cloud.Client.GetShadowAsync("api-2", at: history[2].Time, cancellationToken: Cancelled)).State.GetProperty("desired").GetRawText());
        var before = await RefusedAsync(() => cloud.Client.GetShadowAsync("api-2", at: DateTimeOffset.UnixEpoch, cancellationToken: Cancelled));
        Assert.Equal((HttpStatusCode.NotFound, $"Device 'api-2' had no shadow at 1970-01-01 00:00:00Z; the first change is of {history[2].Time:yyyy-MM-dd HH:mm:ss'Z'}."), (before.StatusCode, before.Message));
        Assert.Equal(HttpStatusCode.NotFound, (await RefusedAsync(() => cloud.Client.GetShadowAsync("api-2", version: 9, cancellationToken: Cancelled))).StatusCode);
        var diff = await cloud.Client.DiffShadowAsync("api-2", from: "1", to: "2", cancellationToken: Cancelled);
        Assert.Equal([("/a", "1", null), ("/b/c", "[1,2]", "[3]")], diff.Differences.Select(d => (d.Path, d.Before?.GetRawText(), d.After?.GetRawText())));
        Assert.Equal([("/a", null), ("/b/c", null)], (await cloud.Client.DiffShadowAsync("api-2", from: "0", to: "1", cancellationToken: Cancelled)).Differences.Select(d => (d.Path, d.Before)));
        Assert.Equal(["/b/c"], (await cloud.Client.DiffShadowAsync("api-2", cancellationToken: Cancelled)).Differences.Select(d => d.Path)); // Desired, not reported.

        var undone = await cloud.Client.UndoShadowAsync("api-2", new UndoShadow(2, "a slip"), cancellationToken: Cancelled);
        Assert.Equal((4, """{"a":1,"b":{"c":[1,2]}}"""), (undone.Version, undone.State.GetProperty("desired").GetRawText()));
        Assert.Equal("a slip", (await cloud.Client.ListShadowChangesAsync("api-2", limit: 1, cancellationToken: Cancelled)).Items[0].Why);
        Assert.Equal(HttpStatusCode.Conflict, (await RefusedAsync(() => cloud.Client.UndoShadowAsync("api-2", new UndoShadow(2), cancellationToken: Cancelled))).StatusCode);
        Assert.Contains((await cloud.Client.ListAuditAsync(cancellationToken: Cancelled)).Items, a => a is { Kind: "shadow", Id: "api-2" } && a.After?.ToString()!.Contains("[1,2]", StringComparison.Ordinal) != true);
    }

    [Fact]
    public async Task The_last_hundred_changes_are_kept_and_what_changes_nothing_pushes_none_out()
    {
        await cloud.Client.CreateDeviceAsync(new CreateDevice("api-8"), Cancelled);
        for (var i = 0; i < 150; i++)
            await Desire("api-8", """{"a":0}""");
        Assert.Equal(1, Assert.Single((await cloud.Client.ListShadowChangesAsync("api-8", cancellationToken: Cancelled)).Items).Version);
        for (var i = 1; i <= 120; i++)
            await Desire("api-8", $$"""{"a":{{i}}}""");
        var kept = await cloud.Client.ListShadowChangesAsync("api-8", limit: 200, cancellationToken: Cancelled);
        Assert.Equal(Enumerable.Range(171, 100).Reverse(), kept.Items.Select(c => (int)c.Version));
        Assert.Equal("""{"a":21}""", (await cloud.Client.GetShadowAsync("api-8", version: 171, cancellationToken: Cancelled)).State.GetProperty("desired").GetRawText());
        Assert.StartsWith("The history goes back to version 171", (await RefusedAsync(() => cloud.Client.GetShadowAsync("api-8", version: 170, cancellationToken: Cancelled))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_malformed_too_large_or_the_device_s_own_is_refused()
    {
        await cloud.Client.CreateDeviceAsync(new CreateDevice("api-3"), Cancelled);
        foreach (var (json, status) in new[]
        {
            ("{", HttpStatusCode.BadRequest), ("""{"state":{"reported":{"a":1}}}""", HttpStatusCode.Forbidden), (("{\"state\":{\"desired\":{\"a\":\"" + new string('x', 33_000) + "\"}}}"), HttpStatusCode.RequestEntityTooLarge),
            (new string('x', 40_000), HttpStatusCode.RequestEntityTooLarge), ("""{"state":{"desired":{"$a":1}}}""", HttpStatusCode.BadRequest),
        })
            Assert.Equal(status, (await RefusedAsync(() => cloud.Client.UpdateShadowAsync("api-3", json, cancellationToken: Cancelled))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await RefusedAsync(() => cloud.Client.GetShadowAsync("api-3", "a b", cancellationToken: Cancelled))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await RefusedAsync(() => cloud.Client.GetShadowAsync("api-3", cancellationToken: Cancelled))).StatusCode);
        for (var i = 0; i < 10; i++)
            await cloud.Client.UpdateShadowAsync("api-3", """{"state":{"desired":{"a":1}}}""", $"n{i}", cancellationToken: Cancelled);
        Assert.Equal("The device has 10 named shadows; delete one before another is made.", (await RefusedAsync(() => cloud.Client.UpdateShadowAsync("api-3", """{"state":{"desired":{"a":1}}}""", "n10", cancellationToken: Cancelled))).Message);
        await cloud.Client.DeleteShadowAsync("api-3", "n0", Cancelled);
        Assert.EndsWith(": it was deleted.", (await RefusedAsync(() => cloud.Client.GetShadowAsync("api-3", "n0", at: TimeProvider.System.GetUtcNow().AddHours(1), cancellationToken: Cancelled))).Message, StringComparison.Ordinal);
        await cloud.Client.UpdateShadowAsync("api-3", """{"state":{"desired":{"a":1}}}""", "n10", cancellationToken: Cancelled);
        Assert.Equal(10, (await cloud.Client.ListShadowsAsync("api-3", Cancelled)).Items.Count);
    }

    [Fact]
    public async Task A_storm_of_conflicting_updates_lets_exactly_one_through_for_each_version()
    {
        await cloud.Client.CreateDeviceAsync(new CreateDevice("api-4"), Cancelled);
        await Desire("api-4", """{"winner":-1}""");
        for (var round = 1; round <= 5; round++)
        {
            var results = await Task.WhenAll(Enumerable.Range(0, 40).Select(async i =>
            {
                try
                {
                    return (await cloud.Client.UpdateShadowAsync("api-4", ("{\"state\":{\"desired\":{\"winner\":" + ((round * 100) + i) + "}}}"), version: round, cancellationToken: Cancelled)).Version;
                }
                catch (StrataApiException refused) when (refused.StatusCode == HttpStatusCode.Conflict)
                {
                    return 0;
                }
            }));
            Assert.Equal(round + 1, Assert.Single(results, v => v != 0));
        }
        Assert.Equal(6, (await cloud.Client.ListShadowChangesAsync("api-4", cancellationToken: Cancelled)).Items.Count);
    }

    [Fact]
    public async Task Shadows_outlive_the_node_and_go_with_their_device()
    {
        await cloud.Client.CreateDeviceAsync(new CreateDevice("api-5"), Cancelled);
        await Desire("api-5", """{"a":1}""");
        await cloud.StopAsync();
        await cloud.StartAsync();
        Assert.Equal("1", (await cloud.Client.GetShadowAsync("api-5", cancellationToken: Cancelled)).State.GetProperty("desired").GetProperty("a").GetRawText());
        await cloud.Client.DeleteDeviceAsync("api-5", Cancelled);
        await cloud.Client.CreateDeviceAsync(new CreateDevice("api-5"), Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, (await RefusedAsync(() => cloud.Client.GetShadowAsync("api-5", cancellationToken: Cancelled))).StatusCode);
        Assert.Empty((await cloud.Client.ListShadowChangesAsync("api-5", cancellationToken: Cancelled)).Items);
    }

    [Fact]
    public async Task A_deleted_device_leaves_no_row_of_its_shadows_and_takes_none_of_others()
    {
        foreach (var id in (string[])["api-9", "api-99"])
        {
            await cloud.Client.CreateDeviceAsync(new CreateDevice(id), Cancelled);
            foreach (var name in (string?[])[null, "net"])
                for (var i = 1; i <= 3; i++)
                    await cloud.Client.UpdateShadowAsync(id, $"{{\"state\":{{\"desired\":{{\"a\":{i}}}}}}}", name, cancellationToken: Cancelled);
        }
        await cloud.Client.DeleteDeviceAsync("api-9", Cancelled);
        // Also a read waits for its turn, behind what goes.
        Assert.Equal(3, (await cloud.Client.GetShadowAsync("api-99", "net", cancellationToken: Cancelled)).Version);
        await using var context = cloud.Node.Services.GetRequiredService<ShadowTables>().Create(TenantId.Main);
        Assert.Equal(["api-99", "api-99/net"], (await context.Shadows.Where(s => s.Device.StartsWith("api-9")).Select(s => s.Id).ToListAsync(Cancelled)).Order(StringComparer.Ordinal));
        Assert.Equal(
            ["api-99/net@1", "api-99/net@2", "api-99/net@3", "api-99@1", "api-99@2", "api-99@3"],
            (await context.Changes.Where(c => c.Id.StartsWith("api-9")).Select(c => c.Id).ToListAsync(Cancelled)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Another_tenant_s_shadow_is_not_there()
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant("shadow-other"), Cancelled);
        var other = new StrataClient(cloud.Http, null, "shadow-other");
        await cloud.Client.CreateDeviceAsync(new CreateDevice("api-6"), Cancelled);
        await Desire("api-6", """{"a":1}""");
        Assert.Equal(HttpStatusCode.NotFound, (await RefusedAsync(() => other.GetShadowAsync("api-6", cancellationToken: Cancelled))).StatusCode);
        await other.CreateDeviceAsync(new CreateDevice("api-6"), Cancelled);
        await other.UpdateShadowAsync("api-6", """{"state":{"desired":{"theirs":true}}}""", cancellationToken: Cancelled);
        Assert.Equal("""{"a":1}""", (await cloud.Client.GetShadowAsync("api-6", cancellationToken: Cancelled)).State.GetProperty("desired").GetRawText());
    }

    [Fact]
    public async Task Why_a_device_does_not_follow_is_explained_from_what_is_known()
    {
        var secret = await cloud.Client.CreateDeviceAsync(new CreateDevice("api-7"), Cancelled);
        await Desire("api-7", """{"temp":22}""");
        Assert.Equal(["offline", "neverFetched", "neverReported"], (await cloud.Client.ExplainShadowAsync("api-7", cancellationToken: Cancelled)).Reasons.Select(r => r.Cause));
        await using var device = await ShadowDevice.ConnectAsync(cloud.Node.Mqtt.Port, secret, false, "shadow/update/+");
        await device.NextAsync("shadow/update/delta");
        await device.PublishAsync("shadow/update", """{"state":{"reported":{"temp":21}}}""");
        await device.NextAsync("shadow/update/accepted");
        await device.PublishAsync("shadow/update", "nonsense");
        while ((await device.NextAsync()).Topic != "shadow/update/rejected")
        {
            // The delta that is left, and the documents.
        }
        var why = await cloud.Client.ExplainShadowAsync("api-7", cancellationToken: Cancelled);
        Assert.Equal(["rejected", "reportedAnother"], why.Reasons.Select(r => r.Cause));
        await device.PublishAsync("shadow/update", """{"state":{"reported":{"temp":22}}}""");
        Assert.True((await cloud.Client.ExplainShadowAsync("api-7", cancellationToken: Cancelled)).Converged);
    }

    private Task<ShadowInfo> Desire(string device, string desired) => cloud.Client.UpdateShadowAsync(device, "{\"state\":{\"desired\":" + desired + "}}", cancellationToken: Cancelled);

    private static Task<StrataApiException> RefusedAsync(Func<Task> request) => Assert.ThrowsAsync<StrataApiException>(request);
}
