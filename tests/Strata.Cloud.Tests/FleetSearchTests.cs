using System.Net;
using Strata.Cloud.Contracts;
using Strata.Core.Telemetry;

namespace Strata.Cloud.Tests;

/// <summary>Finding devices by query, and groups, by the API of a real node.</summary>
public sealed class FleetSearchTests : IAsyncLifetime
{
    private readonly RunningCloud cloud = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await cloud.InitializeAsync();
        await cloud.Client.ApplyAsync("apiVersion: strata/v1\nsite: hq\nchildren: [{site: floor-1}, {site: floor-2}]\n", dryRun: false, prune: false, cancellationToken: Cancelled);
        for (var i = 0; i < 12; i++)
        {
            await cloud.Client.CreateDeviceAsync(
                new CreateDevice($"d-{i:00}", i < 6 ? "hq/floor-1" : "hq/floor-2", i % 2 == 0 ? "P1" : "P2") { Tags = new Dictionary<string, string> { ["row"] = $"{i % 3}" } }, Cancelled);
            await cloud.CommitAsync($"d-{i:00}", ("health.battery", EventTime.From(TimeProvider.System.GetUtcNow()), ReadingValue.OfNumber(i * 5)));
        }
    }

    public async ValueTask DisposeAsync() => await cloud.DisposeAsync();

    [Fact]
    public async Task Devices_are_found_by_what_is_known_and_by_their_newest_values_also_after_a_restart()
    {
        await CheckAsync();
        await cloud.StopAsync();
        await cloud.StartAsync();
        await CheckAsync();
        var wrong = await Assert.ThrowsAsync<StrataApiException>(() => FindAsync("battery<20"));
        Assert.Equal((HttpStatusCode.BadRequest, "query"), (wrong.StatusCode, wrong.Field));
        Assert.StartsWith("character 1: ", wrong.Message, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await Assert.ThrowsAsync<StrataApiException>(() => FindAsync("group:none"))).StatusCode);
    }

    [Fact]
    public async Task A_group_has_its_devices_by_query_by_place_or_by_name()
    {
        Assert.Equal(4, (await cloud.Client.PutGroupAsync("weak", new SaveGroup(Query: "health.battery<20"), Cancelled)).Devices);
        Assert.Equal(6, (await cloud.Client.PutGroupAsync("below", new SaveGroup(["hq/floor-1"]), Cancelled)).Devices);
        Assert.Equal(0, (await cloud.Client.PutGroupAsync("spare", new SaveGroup(), Cancelled)).Devices);
        await cloud.Client.ChangeDeviceAsync("d-11", new ChangeDevice { AddGroups = ["spare"] }, cancellationToken: Cancelled);
        Assert.Equal("d-11", await FindAsync("group:spare"));
        Assert.Equal("d-01 d-03", await FindAsync("group:weak group:below model:P2"));
        await cloud.CommitAsync("d-00", ("health.battery", EventTime.From(TimeProvider.System.GetUtcNow().AddSeconds(1)), ReadingValue.OfNumber(99)));
        Assert.Equal(3, (await cloud.Client.GetGroupAsync("weak", Cancelled)).Devices);

        Assert.Equal(HttpStatusCode.BadRequest, (await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.PutGroupAsync("nested", new SaveGroup(Query: "group:weak"), Cancelled))).StatusCode);
        Assert.Equal("query", (await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.PutGroupAsync("wrong", new SaveGroup(Query: "state:"), Cancelled))).Field);
        // What is exported has them; a site file that does not know of them does not remove those without places.
        var exported = await cloud.Client.ExportAsync(cancellationToken: Cancelled);
        Assert.Contains("- {id: spare}\n- {id: weak, query: health.battery<20}\n", exported, StringComparison.Ordinal);
        await cloud.Client.ApplyAsync(exported.Replace("- {id: spare}\n- {id: weak, query: health.battery<20}\n", "", StringComparison.Ordinal), dryRun: false, prune: true, cancellationToken: Cancelled);
        Assert.Equal(["below", "spare", "weak"], (await cloud.Client.ListGroupsAsync(cancellationToken: Cancelled)).Items.Select(g => g.Id));
        await cloud.Client.DeleteGroupAsync("spare", Cancelled);
        Assert.Empty((await cloud.Client.GetDeviceAsync("d-11", Cancelled)).Groups);
    }

    [Fact]
    public async Task Somebody_with_a_scope_finds_within_it_and_knows_no_groups_of_the_whole_tenant()
    {
        await cloud.Client.PutGroupAsync("weak", new SaveGroup(Query: "health.battery<20"), Cancelled);
        var token = await cloud.Client.CreateTokenAsync(new CreateToken([new GrantInfo("viewer", ["hq/floor-2"])]), Cancelled);
        using var http = cloud.NewClient();
        var scoped = new StrataClient(http, token.Token);
        Assert.Equal("d-06 d-07 d-08 d-09 d-10 d-11", string.Join(' ', (await scoped.FindDevicesAsync("health.battery>=0", cancellationToken: Cancelled)).Items.Select(d => d.Id)));
        Assert.Empty((await scoped.ListGroupsAsync(cancellationToken: Cancelled)).Items);
        Assert.Equal(HttpStatusCode.BadRequest, (await Assert.ThrowsAsync<StrataApiException>(() => scoped.FindDevicesAsync("group:weak", cancellationToken: Cancelled))).StatusCode);
    }

    private async Task CheckAsync()
    {
        Assert.Equal("d-00 d-01 d-02 d-03", await FindAsync("health.battery<20"));
        Assert.Equal("d-06 d-09", await FindAsync("site:hq/floor-2 tag.row=0"));
        Assert.Equal("d-07", await FindAsync("model:P2 tag.row=1 not site:hq/floor-1"));
    }

    private async Task<string> FindAsync(string query) => string.Join(' ', (await cloud.Client.FindDevicesAsync(query, cancellationToken: Cancelled)).Items.Select(d => d.Id));
}
