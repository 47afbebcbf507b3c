using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices;

namespace Strata.Cloud.Tests;

/// <summary>Changes of many devices by the API of a real node, in transactions of ten.</summary>
public sealed class BulkTests : IAsyncLifetime
{
    private const int Devices = 25;

    private readonly SmallChunks cloud = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await cloud.InitializeAsync();
        var yaml = "apiVersion: strata/v1\nsite: hq\nchildren: [{site: floor-1}, {site: floor-2}]\ndevices:\n";
        yaml += string.Concat(Enumerable.Range(0, Devices).Select(i => $"  - {{id: d-{i:00}, site: hq/floor-{1 + (i % 2)}}}\n"));
        await cloud.Client.ApplyAsync(yaml, dryRun: false, prune: false, cancellationToken: Cancelled);
        await cloud.Client.PutGroupAsync("ring", new SaveGroup(), Cancelled);
    }

    public async ValueTask DisposeAsync() => await cloud.DisposeAsync();

    [Fact]
    public async Task A_dry_run_says_what_would_be_done_and_does_nothing()
    {
        var before = await AuditAsync();
        var tried = await cloud.Client.RunBulkAsync(new RunBulk("site:hq/floor-1", Change("x"), DryRun: true), Cancelled);
        Assert.Equal((null, "dry-run", 13, 13, 0), (tried.Id, tried.State, tried.Found, tried.Changed, tried.Refused));
        Assert.Equal(0, await CountAsync("tag.ring:*"));
        Assert.Equal(before, await AuditAsync());
        Assert.Empty((await cloud.Client.ListBulkAsync(Cancelled)).Items);
    }

    [Fact]
    public async Task Fields_of_many_are_changed_told_and_taken_back_where_nobody_changed_them_since()
    {
        var before = await AuditAsync();
        var done = await EndAsync(await cloud.Client.RunBulkAsync(new RunBulk("site:hq", Change("1") with { Site = "hq/floor-2", AddGroups = ["ring"] }), Cancelled));
        Assert.Equal(("done", Devices, Devices, 0, 0), (done.State, done.Found, done.Changed, done.Unchanged, done.Refused));
        Assert.Equal((Devices, Devices, Devices), (await CountAsync("tag.ring=1"), await CountAsync("site:hq/floor-2"), await CountAsync("group:ring")));
        // One record for each transaction of ten.
        Assert.Equal(before + 3, await AuditAsync());
        Assert.Equal(Devices, (await EndAsync(await cloud.Client.RunBulkAsync(new RunBulk("site:hq", Change("1")), Cancelled))).Unchanged);

        await cloud.Client.ChangeDeviceAsync("d-07", Change("mine"), cancellationToken: Cancelled);
        var back = await EndAsync(await cloud.Client.UndoBulkAsync(done.Id!, Cancelled));
        Assert.Equal((done.Id, Devices - 1, 1), (back.UndoOf, back.Changed, back.Refused));
        Assert.Equal("d-07", Assert.Single(back.Refusals).Device);
        Assert.Equal((0, 13, 1), (await CountAsync("tag.ring=1"), await CountAsync("site:hq/floor-1"), await CountAsync("group:ring")));
        var again = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.UndoBulkAsync(done.Id!, Cancelled));
        Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
        Assert.Equal(back.Id, (await cloud.Client.GetBulkAsync(done.Id!, Cancelled)).UndoneBy);
    }

    [Fact]
    public async Task Steps_of_many_keep_to_the_table_and_are_taken_back_where_it_allows()
    {
        await cloud.Client.MoveDeviceAsync("d-00", new MoveDevice("active"), cancellationToken: Cancelled);
        var moved = await EndAsync(await cloud.Client.RunBulkAsync(new RunBulk("id:d-0*", Move: "maintenance", Cause: "batteries"), Cancelled));
        Assert.Equal((10, 1, 9), (moved.Found, moved.Changed, moved.Refused));
        Assert.Contains("provisioning device cannot become maintenance", moved.Refusals[0].Why, StringComparison.Ordinal);
        Assert.Equal("batteries", (await cloud.Client.GetDeviceAsync("d-00", Cancelled)).Cause);
        await EndAsync(await cloud.Client.UndoBulkAsync(moved.Id!, Cancelled));
        Assert.Equal(("active", $"takes back {moved.Id}"), ((await cloud.Client.GetDeviceAsync("d-00", Cancelled)) is var d ? (d.State, d.Cause) : default));

        var scrapped = await EndAsync(await cloud.Client.RunBulkAsync(new RunBulk("id:d-2*", Move: "decommissioned"), Cancelled));
        Assert.Equal(5, scrapped.Changed);
        var back = await EndAsync(await cloud.Client.UndoBulkAsync(scrapped.Id!, Cancelled));
        Assert.Equal((0, 5), (back.Changed, back.Refused));
    }

    [Fact]
    public async Task What_is_wrong_with_the_change_itself_is_said_at_once()
    {
        foreach (var (request, field) in new[]
        {
            (new RunBulk("", Change("1")), "query"), (new RunBulk("state:(", Change("1")), "query"), (new RunBulk("id:*"), "change"), (new RunBulk("id:*", Move: "asleep"), "move"),
            (new RunBulk("id:*", new ChangeDevice { AddGroups = ["none"] }), "addGroups"),
        })
        {
            var refused = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.RunBulkAsync(request, Cancelled));
            Assert.Equal((HttpStatusCode.BadRequest, field), (refused.StatusCode, refused.Field));
        }
    }

    [Fact]
    public async Task Somebody_with_a_scope_changes_within_it_and_does_not_see_what_others_did()
    {
        await EndAsync(await cloud.Client.RunBulkAsync(new RunBulk("site:hq", Change("admin")), Cancelled));
        var token = await cloud.Client.CreateTokenAsync(new CreateToken([new GrantInfo("operator", ["hq/floor-2"])]), Cancelled);
        using var http = cloud.NewClient();
        var scoped = new StrataClient(http, token.Token);
        Assert.Equal(12, (await scoped.RunBulkAsync(new RunBulk("id:*", Change("scoped")), Cancelled)).Found);
        Assert.Equal(12, await CountAsync("tag.ring=scoped"));
        Assert.Single((await scoped.ListBulkAsync(Cancelled)).Items);
        Assert.Equal(2, (await cloud.Client.ListBulkAsync(Cancelled)).Items.Count);
    }

    private static ChangeDevice Change(string ring) => new() { Tags = new Dictionary<string, string?> { ["ring"] = ring } };

    private async Task<int> CountAsync(string query) => (await cloud.Client.FindDevicesAsync(query, cancellationToken: Cancelled)).Items.Count;

    private async Task<int> AuditAsync() => (await cloud.Client.ListAuditAsync(limit: 1000, cancellationToken: Cancelled)).Items.Count;

    private async Task<BulkInfo> EndAsync(BulkInfo bulk)
    {
        while (bulk.State == "running")
            bulk = await cloud.Client.GetBulkAsync(bulk.Id!, Cancelled);
        return bulk;
    }

    private sealed class SmallChunks : RunningCloud
    {
        protected override void Configure(WebApplicationBuilder builder) => builder.Services.AddSingleton(new DevicesOptions { BulkChunk = 10 });
    }
}
