using System.Net;
using System.Text.Json;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests;

/// <summary>The lives of devices by the API of a real node.</summary>
public abstract class DeviceLifeTests(RunningCloud cloud)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_device_is_moved_with_its_cause_and_its_history_says_how_long_it_was_where()
    {
        await cloud.Client.CreateDeviceAsync(new CreateDevice("life-1", "life/floor"), Cancelled);
        await cloud.Client.MoveDeviceAsync("life-1", new MoveDevice("active", "heard in a test"), cancellationToken: Cancelled);
        var moved = await cloud.Client.MoveDeviceAsync("life-1", new MoveDevice("Maintenance", null, JsonSerializer.Deserialize<JsonElement>("""{"battery":3}""")), cancellationToken: Cancelled);
        Assert.Equal(("maintenance", "asked for by admin"), (moved.State, moved.Cause));
        var history = await cloud.Client.GetDeviceHistoryAsync("life-1", Cancelled);
        Assert.Equal(["active>maintenance", "provisioning>active", "unprovisioned>provisioning"], history.Steps.Select(s => $"{s.From}>{s.To}"));
        Assert.Equal(3, history.Steps[0].Evidence!.Value.GetProperty("battery").GetInt32());
        Assert.Equal(moved.StateSince, history.Since);
        Assert.Equal(["active", "maintenance", "provisioning"], history.SecondsInState.Keys.Order());
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.MoveDeviceAsync("life-1", new MoveDevice("unprovisioned"), cancellationToken: Cancelled));
        Assert.Equal((HttpStatusCode.Conflict, "state"), (refused.StatusCode, refused.Field));
    }

    [Fact]
    public async Task Of_two_who_read_the_same_revision_the_second_hears_412_and_changes_nothing()
    {
        await cloud.Client.CreateDeviceAsync(new CreateDevice("life-2", "life/floor"), Cancelled);
        using var read = await cloud.Http.GetAsync("api/v1/devices/life-2", Cancelled);
        Assert.Equal("\"1\"", read.Headers.ETag!.Tag);
        var changes = Enumerable.Range(0, 8).Select(i => cloud.Client.ChangeDeviceAsync("life-2", new ChangeDevice { Tags = new Dictionary<string, string?> { ["winner"] = $"{i}" } }, revision: 1, Cancelled)).ToList();
        var refused = 0;
        foreach (var change in changes)
        {
            try
            {
                await change;
            }
            catch (StrataApiException answer) when (answer.StatusCode == HttpStatusCode.PreconditionFailed)
            {
                refused++;
            }
        }
        Assert.Equal(7, refused);
        var after = await cloud.Client.GetDeviceAsync("life-2", Cancelled);
        Assert.Equal(2, after.Revision);
        Assert.Single(after.Tags);
        foreach (var (method, path) in new[] { (HttpMethod.Post, "/state"), (HttpMethod.Post, "/secret"), (HttpMethod.Delete, "") })
        {
            using var request = new HttpRequestMessage(method, $"api/v1/devices/life-2{path}");
            request.Headers.TryAddWithoutValidation("If-Match", "\"1\"");
            if (path == "/state")
                request.Content = new StringContent("""{"state":"active"}""", System.Text.Encoding.UTF8, "application/json");
            using var response = await cloud.Http.SendAsync(request, Cancelled);
            Assert.Equal(HttpStatusCode.PreconditionFailed, response.StatusCode);
        }
    }

    [Fact]
    public async Task What_is_known_of_a_device_is_changed_field_by_field()
    {
        await cloud.Client.CreateDeviceAsync(new CreateDevice("life-3", "life/floor", "P1") { Tags = new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" }, Serial = "S-3" }, Cancelled);
        var after = await cloud.Client.ChangeDeviceAsync("life-3", new ChangeDevice { Model = "", Tags = new Dictionary<string, string?> { ["a"] = null, ["c"] = "3" } }, cancellationToken: Cancelled);
        Assert.Equal((null, "life/floor", "S-3", "b=2,c=3"), (after.Model, after.Site, after.Serial, string.Join(',', after.Tags.Select(t => $"{t.Key}={t.Value}"))));
        var slip = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.ChangeDeviceAsync("life-3", new ChangeDevice { Site = "life/flor" }, cancellationToken: Cancelled));
        Assert.Equal((HttpStatusCode.NotFound, "site"), (slip.StatusCode, slip.Field));
    }
}

public sealed class DeviceLifeInFilesTests(RunningCloud cloud) : DeviceLifeTests(cloud), IClassFixture<RunningCloud>;

public sealed class DeviceLifeInPostgresTests(RunningCloudOnPostgres cloud) : DeviceLifeTests(cloud), IClassFixture<RunningCloudOnPostgres>;
