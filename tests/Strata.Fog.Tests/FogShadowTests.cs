using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Fog.Shadows;
using Strata.Node.Ingest;
using Strata.Testing;

namespace Strata.Fog.Tests;

/// <summary>Shadows at a gateway: what the parent refuses, what is kept, and for how long.</summary>
public sealed class FogShadowTests : IDisposable
{
    private static readonly DeviceId Device = DeviceId.Parse("t-1");
    private readonly string folder = Directory.CreateTempSubdirectory("strata-fog-shadows-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task What_the_parent_refuses_is_said_once_and_again_when_it_is_another()
    {
        var asked = Channel.CreateUnbounded<GatewayShadows>();
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        parent.Shadows = (_, request) =>
        {
            asked.Writer.TryWrite(request);
            return new GatewayShadowsAnswer([], [.. request.Changes.Select(c => new GatewayShadowRefused(c.Device, c.Name, "no"))]);
        };
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        using var http = new HttpClient(new SocketsHttpHandler(), disposeHandler: true) { BaseAddress = fog.Node.Address };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", fog.Node.AdminToken);

        await DesireAsync(http, 1);
        Assert.Equal("{\"mode\":1}", await ChangeAsync());
        // Something else is asked of the parent, and what it refused is not said again with it.
        fog.Node.Served.Own.ShadowSync.Changed(Device);
        while (await asked.Reader.ReadAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancel) is var request)
        {
            Assert.Empty(request.Changes);
            if (request.Known.Any(k => k.Device == "t-1"))
                break;
        }
        await DesireAsync(http, 2);
        Assert.Equal("{\"mode\":2}", await ChangeAsync());

        async Task<string> ChangeAsync()
        {
            while (true)
            {
                var request = await asked.Reader.ReadAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancel);
                if (request.Changes is [var change])
                    return change.Desired!.Value.GetRawText();
            }
        }
    }

    [Fact]
    public async Task What_is_desired_at_the_site_is_decided_on_a_version_and_of_bounded_size()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture { Set = ["shadow.maxBytes=1KiB"] };
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        using var http = new HttpClient(new SocketsHttpHandler(), disposeHandler: true) { BaseAddress = fog.Node.Address };
        var client = new StrataClient(http, fog.Node.AdminToken);
        Assert.Equal(1, (await client.UpdateShadowAsync("t-1", """{"state":{"desired":{"mode":1}}}""", version: 0, cancellationToken: Cancel)).Version);
        Assert.Equal(2, (await client.UpdateShadowAsync("t-1", """{"state":{"desired":{"mode":2}}}""", version: 1, cancellationToken: Cancel)).Version);
        Assert.Equal(HttpStatusCode.Conflict, (await RefusedAsync("""{"state":{"desired":{"mode":3}}}""", 1)).StatusCode);
        var large = $"{{\"state\":{{\"desired\":{{\"n\":\"{new string('x', 800)}\"}}}}}}";
        await client.UpdateShadowAsync("t-1", large, cancellationToken: Cancel);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await RefusedAsync(large.Replace("\"n\"", "\"m\"", StringComparison.Ordinal), null)).StatusCode);

        Task<StrataApiException> RefusedAsync(string request, long? version) => Assert.ThrowsAsync<StrataApiException>(() => client.UpdateShadowAsync("t-1", request, version: version, cancellationToken: Cancel));
    }

    [Fact]
    public async Task A_disk_that_does_not_let_a_shadow_go_ends_nothing()
    {
        var asked = Channel.CreateUnbounded<GatewayShadows>();
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        parent.Shadows = (_, request) =>
        {
            asked.Writer.TryWrite(request);
            return new GatewayShadowsAnswer([], []);
        };
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        await ComparedAsync();
        // A device that is not served here, and a file that cannot be deleted: it is a folder.
        var (shadows, gone) = (fog.Get<FogShadows>(), DeviceId.Parse("gone-1"));
        var theirs = ShadowUpdate.Decide(Shadow.None, Request("""{"state":{"desired":{"mode":1}}}"""), new ShadowAuthor("ada", IsDevice: false), 1, ShadowLimits.Default).Value!.After;
        shadows.Agree(gone, "", theirs, null);
        var file = Assert.Single(Directory.EnumerateFiles(fog.Folder, "gone-1@.json", SearchOption.AllDirectories));
        File.Delete(file);
        Directory.CreateDirectory(file);
        await ComparedAsync();
        await ComparedAsync();
        Assert.Equal([""], shadows.NamesOf(gone));
        Directory.Delete(file);

        async Task ComparedAsync()
        {
            while (asked.Reader.TryRead(out _))
            {
                // Those of before.
            }
            fog.Get<FogShadowSync>().AllChanged();
            await Deadline.For(asked.Reader.ReadAsync(Cancel).AsTask(), "the comparison with the parent");
        }
    }

    [Fact]
    public async Task What_the_parent_refuses_stays_here_and_is_still_to_be_told()
    {
        var asked = Channel.CreateUnbounded<GatewayShadows>();
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        var theirs = ShadowUpdate.Decide(Shadow.None, Request("""{"state":{"desired":{"mode":1}}}"""), new ShadowAuthor("ada", IsDevice: false), 1, ShadowLimits.Default).Value!.After;
        parent.Shadows = (_, request) =>
        {
            asked.Writer.TryWrite(request);
            return new GatewayShadowsAnswer([new GatewayShadowState("t-1", "", ShadowCodec.Write(theirs))], [.. request.Changes.Select(c => new GatewayShadowRefused(c.Device, c.Name, "no"))]);
        };
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        var shadows = fog.Get<FogShadows>();
        Assert.True(shadows.Update(Device, "", Request("""{"state":{"reported":{"n":1}}}"""), new ShadowAuthor(ShadowAuthor.Device, IsDevice: true)).IsOk);
        await RefusedAsync();
        // The next is asked when the answer before was taken.
        await AskedAsync();
        var first = shadows.Find(Device, "");
        Assert.Equal(["/n"], ShadowMath.Leaves(first.Reported.Root).Select(l => l.Path));
        Assert.Equal(["/mode"], ShadowMath.Leaves(first.Desired.Root).Select(l => l.Path));
        Assert.Equal(["/n"], ShadowMath.Leaves(shadows.Pending(Device, "")!.PendingReported).Select(l => l.Path));
        Assert.True(first.Version > 1, $"Version {first.Version} is one that the device was told of another state.");
        // The same answer again, as every few minutes, changes nothing.
        fog.Get<FogShadowSync>().AllChanged();
        await RefusedAsync();
        await AskedAsync();
        Assert.Equal(first.Version, shadows.Find(Device, "").Version);
        Assert.NotNull(shadows.Pending(Device, ""));

        async Task RefusedAsync()
        {
            while ((await Deadline.For(asked.Reader.ReadAsync(Cancel).AsTask(), "the change at the parent")).Changes.Count == 0)
            {
                // Asked before there was anything to tell.
            }
        }

        async Task AskedAsync()
        {
            fog.Node.Served.Own.ShadowSync.Changed(Device);
            await Deadline.For(asked.Reader.ReadAsync(Cancel).AsTask(), "the next request");
        }
    }

    [Fact]
    public void What_comes_from_the_parent_has_a_version_after_those_that_the_device_was_told()
    {
        var shadows = new FogShadows(folder, ShadowLimits.Default, new FogShadowOptions(), TimeProvider.System);
        Assert.Null(shadows.Load());
        var author = new ShadowAuthor(ShadowAuthor.Device, IsDevice: true);
        Assert.True(shadows.Update(Device, "", Request("""{"state":{"reported":{"n":1}}}"""), author).IsOk);
        var parents = shadows.Find(Device, "") with { Version = 2 };
        shadows.Agree(Device, "", parents, shadows.Find(Device, ""));
        Assert.Equal(2, shadows.Find(Device, "").Version);
        for (var i = 0; i < 10; i++)
            Assert.True(shadows.Update(Device, "", Request("""{"state":{"reported":{"n":1}}}"""), author).IsOk);
        Assert.Empty(shadows.AllPending(10, _ => false));
        Assert.Equal(12, shadows.Find(Device, "").Version);

        parents = ShadowUpdate.Decide(parents, Request("""{"state":{"desired":{"mode":1}}}"""), new ShadowAuthor("ada", IsDevice: false), 1, ShadowLimits.Default).Value!.After;
        Assert.Equal(13, shadows.Agree(Device, "", parents, null)!.Version);
        Assert.Equal(3, shadows.VersionsOf(Device)[""]); // The parent's is not asked for again.
        parents = parents with { Version = 4 };
        shadows.Agree(Device, "", parents, null);
        Assert.Equal(13, shadows.Find(Device, "").Version); // It says the same.
        shadows.Agree(Device, "", parents with { Version = 20 }, null);
        Assert.Equal(20, shadows.Find(Device, "").Version);
    }

    [Fact]
    public async Task Devices_are_served_on_after_one_could_not_be_told_what_it_has_yet_to_follow()
    {
        await using var parent = await FakeParent.StartAsync(Site.Configuration());
        await using var fog = new FogFixture();
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        Assert.True(fog.Get<FogShadows>().Update(Device, "", Request("""{"state":{"desired":{"n":1}}}"""), new ShadowAuthor("ada", IsDevice: false)).IsOk);
        using var topics = new FogShadowTopics(
            new(() => throw new InvalidOperationException("a fault of ours")), fog.Node.Served, new FogShadowOptions(), TimeProvider.System, NullLogger<FogShadowTopics>.Instance);
        var tenant = fog.Node.Served.Own.Site.View.Tenant;
        topics.Tell(tenant, Device, null);
        var served = topics.OnPublish(new DeviceMessage(tenant, Device, "shadow/get", []))!;
        await topics.StartAsync(Cancel);
        // Each is told of, and neither ends it; the second comes after the first was to be told.
        await Assert.ThrowsAsync<InvalidOperationException>(() => Deadline.For(served, "the first request"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Deadline.For(topics.OnPublish(new DeviceMessage(tenant, Device, "shadow/get", []))!, "the second request"));
        await topics.StopAsync(Cancel);
    }

    [Fact]
    public void Shadows_of_devices_that_are_served_no_more_go_when_the_parent_has_heard_all_of_them()
    {
        var shadows = new FogShadows(folder, ShadowLimits.Default, new FogShadowOptions(), TimeProvider.System);
        Assert.Null(shadows.Load());
        Assert.True(shadows.Update(Device, "", Request("""{"state":{"reported":{"n":1}}}"""), new ShadowAuthor(ShadowAuthor.Device, IsDevice: true)).IsOk);
        shadows.Retain(_ => false);
        var pending = Assert.Single(shadows.AllPending(10, _ => false));
        Assert.Null(shadows.Agree(Device, "", pending.Current with { Version = 7 }, pending.Current)); // Nothing else is desired.
        shadows.Retain(d => d == Device);
        Assert.Equal(7, shadows.VersionsOf(Device)[""]);
        shadows.Retain(_ => false);
        Assert.Empty(shadows.NamesOf(Device));
        Assert.Empty(Directory.EnumerateFiles(folder));
    }

    [Fact]
    public void A_device_has_so_many_named_shadows_and_not_more()
    {
        var shadows = new FogShadows(folder, ShadowLimits.Default, new FogShadowOptions(), TimeProvider.System);
        Assert.Null(shadows.Load());
        for (var i = 0; i <= shadows.Limits.MaxNamed; i++)
            Assert.Equal(i < shadows.Limits.MaxNamed, shadows.Update(Device, $"s-{i}", Request("""{"state":{"reported":{"n":1}}}"""), new ShadowAuthor(ShadowAuthor.Device, IsDevice: true)).IsOk);
        Assert.True(shadows.Update(Device, "", Request("""{"state":{"reported":{"n":1}}}"""), new ShadowAuthor(ShadowAuthor.Device, IsDevice: true)).IsOk);
        var again = new FogShadows(folder, ShadowLimits.Default, new FogShadowOptions(), TimeProvider.System);
        Assert.Null(again.Load());
        Assert.Equal(shadows.Limits.MaxNamed + 1, again.NamesOf(Device).Count);
    }

    [Fact]
    public void A_gateway_keeps_so_many_shadows_and_not_more()
    {
        var shadows = new FogShadows(folder, ShadowLimits.Default, new FogShadowOptions { MaxShadows = 1 }, TimeProvider.System);
        Assert.Null(shadows.Load());
        var author = new ShadowAuthor(ShadowAuthor.Device, IsDevice: true);
        Assert.True(shadows.Update(Device, "", Request("""{"state":{"reported":{"n":1}}}"""), author).IsOk);
        Assert.True(shadows.Update(Device, "", Request("""{"state":{"reported":{"n":2}}}"""), author).IsOk);
        Assert.Contains("the gateway 1 in all", shadows.Update(DeviceId.Parse("t-2"), "", Request("""{"state":{"reported":{"n":1}}}"""), author).Problem!.Detail, StringComparison.Ordinal);
        Assert.Null(shadows.Agree(DeviceId.Parse("t-2"), "", shadows.Find(Device, ""), null));
        Assert.Empty(shadows.NamesOf(DeviceId.Parse("t-2")));
    }

    [Fact]
    public async Task What_is_set_of_shadows_holds()
    {
        var asked = Channel.CreateUnbounded<GatewayShadows>();
        await using var parent = await FakeParent.StartAsync(Site.Configuration(devices: 5));
        await using var fog = new FogFixture { Set = ["shadows.maxDevices=2", "shadows.maxChanges=1", "shadow.maxBytes=1KiB"] };
        await fog.StartAsync(parent.Address);
        await fog.ConfiguredAsync();
        var shadows = fog.Get<FogShadows>();
        var author = new ShadowAuthor(ShadowAuthor.Device, IsDevice: true);
        Assert.False(shadows.Update(Device, "", Request($"{{\"state\":{{\"reported\":{{\"n\":\"{new string('x', 1_100)}\"}}}}}}"), author).IsOk);
        for (var i = 1; i <= 3; i++)
            Assert.True(shadows.Update(DeviceId.Parse($"t-{i}"), "", Request("""{"state":{"reported":{"n":1}}}"""), author).IsOk);
        parent.Shadows = (_, request) =>
        {
            asked.Writer.TryWrite(request);
            return new GatewayShadowsAnswer([], [.. request.Changes.Select(c => new GatewayShadowRefused(c.Device, c.Name, "no"))]);
        };
        fog.Get<FogShadowSync>().AllChanged();
        var (devices, changes) = (new HashSet<string>(), new HashSet<string>());
        while (devices.Count < 5 || changes.Count < 3)
        {
            var request = await asked.Reader.ReadAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancel);
            Assert.InRange(request.Known.Count, 0, 2);
            Assert.InRange(request.Changes.Count, 0, 1);
            devices.UnionWith(request.Known.Select(k => k.Device));
            changes.UnionWith(request.Changes.Select(c => c.Device));
        }
    }

    private static ShadowRequest Request(string text) => ShadowRequest.Parse(Encoding.UTF8.GetBytes(text), ShadowLimits.Default).Value!;

    private static async Task DesireAsync(HttpClient http, int mode)
    {
        using var response = await http.PatchAsync("api/v1/devices/t-1/shadow", new StringContent($"{{\"state\":{{\"desired\":{{\"mode\":{mode}}}}}}}", Encoding.UTF8, "application/json"), Cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }
}
