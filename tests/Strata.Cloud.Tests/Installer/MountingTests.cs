using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests.Installer;

/// <summary>Devices that are mounted: by whom, where, once, and what happens when two do.</summary>
public abstract class MountingTests(RunningCloud cloud)
{
    private static readonly byte[] Jpeg = [0xFF, 0xD8, 0xFF, 0xE0, .. Encoding.ASCII.GetBytes("a photo, as far as its first bytes say")];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_device_is_mounted_once_however_often_that_is_said()
    {
        var (admin, installer) = await TenantAsync("m-once");
        var found = await installer.FindLabelAsync("strata:m-once/sn-1", Cancel);
        Assert.Equal(("d-1", null, "sn-1"), (found.Id, found.Site, found.Serial!));
        var request = new MountDevice("phone-1-0001", "strata:m-once/sn-1", "hq/floor-1", null, " above the door ", Photo: Convert.ToBase64String(Jpeg));
        var mounted = await installer.MountAsync(request, Cancel);
        Assert.Equal(("d-1", "hq/floor-1", "above the door", Jpeg.Length), (mounted.Device, mounted.Site, mounted.Note, mounted.PhotoBytes));
        Assert.Equal(mounted, await installer.MountAsync(request with { Note = "again" }, Cancel));
        Assert.Equal(mounted, Assert.Single((await installer.ListMountingsAsync("d-1", cancellationToken: Cancel)).Items));
        Assert.Equal("hq/floor-1", (await admin.GetDeviceAsync("d-1", Cancel)).Site);
        Assert.Equal(mounted, (await installer.FindLabelAsync("sn-1", Cancel)).Mounting);
        var trail = (await admin.ListAuditAsync(cancellationToken: Cancel)).Items.Where(a => a is { Kind: "device", Id: "d-1" }).Select(a => a.Action).ToList();
        Assert.Equal((1, 1), (trail.Count(a => a == "mount"), trail.Count(a => a == "change")));
        var other = await RefusedAsync(() => installer.MountAsync(request with { Code = "d-2" }, Cancel));
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        Assert.Null((await admin.GetDeviceAsync("d-2", Cancel)).Site);
    }

    [Fact]
    public async Task The_photo_is_given_as_what_it_is_and_to_who_sees_the_place()
    {
        var (admin, installer) = await TenantAsync("m-photo");
        await installer.MountAsync(new MountDevice("photo-00001", "d-1", "hq/floor-1", Photo: Convert.ToBase64String(Jpeg)), Cancel);
        using var photo = await GetAsync(await TokenAsync(admin, "hq/floor-1"), "/api/v1/mountings/photo-00001/photo");
        Assert.Equal(("image/jpeg", "nosniff"), (photo.Content.Headers.ContentType!.MediaType!, string.Join("", photo.Headers.GetValues("X-Content-Type-Options"))));
        Assert.Equal(Jpeg, await photo.Content.ReadAsByteArrayAsync(Cancel));
        using var elsewhere = await GetAsync(await TokenAsync(admin, "hq/floor-2"), "/api/v1/mountings/photo-00001/photo");
        Assert.Equal(HttpStatusCode.NotFound, elsewhere.StatusCode);
        foreach (var (text, status) in new[] { ("not base64", HttpStatusCode.BadRequest), (Convert.ToBase64String("<svg/>"u8), HttpStatusCode.BadRequest), (Convert.ToBase64String([.. Jpeg, .. new byte[1024 * 1024]]), HttpStatusCode.RequestEntityTooLarge) })
            Assert.Equal(status, (await RefusedAsync(() => installer.MountAsync(new MountDevice("photo-00002", "d-2", "hq/floor-1", Photo: text), Cancel))).StatusCode);
        Assert.Null((await admin.GetDeviceAsync("d-2", Cancel)).Site);
    }

    [Fact]
    public async Task A_device_that_was_placed_meanwhile_stays_until_its_place_is_named()
    {
        var (admin, installer) = await TenantAsync("m-conflict");
        await installer.MountAsync(new MountDevice("first-00001", "d-1", "hq/floor-1"), Cancel);
        var late = new MountDevice("second-0001", "d-1", "hq/floor-2", At: TimeProvider.System.GetUtcNow().AddHours(-2));
        var refused = await RefusedAsync(() => installer.MountAsync(late, Cancel));
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Contains("in 'hq/floor-1' by now", refused.Message, StringComparison.Ordinal);
        Assert.Equal("hq/floor-1", (await admin.GetDeviceAsync("d-1", Cancel)).Site);
        var moved = await installer.MountAsync(late with { Replaces = "hq/floor-1" }, Cancel);
        Assert.Equal(("hq/floor-2", "hq/floor-1"), (moved.Site, moved.From!));
        Assert.True(moved.At < moved.Received.AddHours(-1));
        Assert.Equal(["second-0001", "first-00001"], (await installer.ListMountingsAsync("d-1", cancellationToken: Cancel)).Items.Select(m => m.Id));
    }

    [Fact]
    public async Task Who_installs_in_one_floor_mounts_and_finds_nothing_else()
    {
        var (admin, _) = await TenantAsync("m-scope");
        await admin.ChangeDeviceAsync("d-2", new ChangeDevice { Site = "hq/floor-2" }, cancellationToken: Cancel);
        await admin.ChangeDeviceAsync("d-1", new ChangeDevice { Site = "hq/floor-1" }, cancellationToken: Cancel);
        var floor = Client(await TokenAsync(admin, "hq/floor-1"));
        Assert.Equal(HttpStatusCode.NotFound, (await RefusedAsync(() => floor.FindLabelAsync("d-2", Cancel))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await RefusedAsync(() => floor.MountAsync(new MountDevice("scope-00001", "d-2", "hq/floor-1", "hq/floor-2"), Cancel))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await RefusedAsync(() => floor.MountAsync(new MountDevice("scope-00002", "d-1", "hq/floor-2", "hq/floor-1"), Cancel))).StatusCode);
        Assert.Equal("hq/floor-1/z-1", (await floor.MountAsync(new MountDevice("scope-00003", "d-1", "hq/floor-1/z-1"), Cancel)).Site);
        Assert.Equal("hq/floor-2", (await admin.GetDeviceAsync("d-2", Cancel)).Site);
    }

    [Fact]
    public async Task Of_a_device_the_newest_ten_are_kept_and_pages_follow_each_other()
    {
        var (_, installer) = await TenantAsync("m-many");
        for (var i = 0; i < 12; i++)
            await installer.MountAsync(new MountDevice($"many-{i:D5}", "d-1", i % 2 == 0 ? "hq/floor-1" : "hq/floor-2", i % 2 == 0 ? "hq/floor-2" : "hq/floor-1", Photo: Convert.ToBase64String(Jpeg)), Cancel);
        var kept = (await installer.ListMountingsAsync("d-1", cancellationToken: Cancel)).Items;
        Assert.Equal(Enumerable.Range(2, 10).Reverse().Select(i => $"many-{i:D5}"), kept.Select(m => m.Id));
        var token = Tokens["m-many"];
        using var gone = await GetAsync(token, "/api/v1/mountings/many-00000/photo");
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        using var first = await GetAsync(token, "/api/v1/mountings?limit=4");
        var page = System.Text.Json.JsonDocument.Parse(await first.Content.ReadAsStringAsync(Cancel)).RootElement;
        var next = (await installer.ListMountingsAsync(null, page.GetProperty("next").GetString(), null, Cancel)).Items;
        Assert.Equal(kept.Skip(4), next);
    }

    [Theory]
    [InlineData("short", "d-1", "hq/floor-1", "id")]
    [InlineData("with_underscore", "d-1", "hq/floor-1", "id")]
    [InlineData("wrong-00001", "", "hq/floor-1", "code")]
    [InlineData("wrong-00001", "strata-place:m-wrong/hq", "hq/floor-1", "code")]
    [InlineData("wrong-00001", "d-1", "not a place", "site")]
    public async Task What_cannot_be_understood_is_refused_with_its_field(string id, string code, string site, string field)
    {
        using var body = new StringContent($$"""{"id":"{{id}}","code":"{{code}}","site":"{{site}}"}""", Encoding.UTF8, "application/json");
        using var answer = await cloud.Http.PostAsync("/api/v1/mountings", body, Cancel);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains($"\"field\":\"{field}\"", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_label_of_another_tenant_and_an_unknown_place_are_not_there()
    {
        var (_, installer) = await TenantAsync("m-label");
        await TenantAsync("m-other");
        Assert.Equal(HttpStatusCode.NotFound, (await RefusedAsync(() => installer.FindLabelAsync("strata:m-other/sn-1", Cancel))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await RefusedAsync(() => installer.MountAsync(new MountDevice("label-00001", "d-1", "hq/floor-9"), Cancel))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await RefusedAsync(() => installer.MountAsync(new MountDevice("label-00002", "d-1", "elsewhere"), Cancel))).StatusCode);
    }

    [Fact]
    public async Task The_page_comes_from_the_node_alone_and_says_so()
    {
        using var client = cloud.NewClient();
        using var bare = await client.GetAsync("/install?device=sn-1", Cancel);
        Assert.Equal((HttpStatusCode.Redirect, "/install/?device=sn-1"), (bare.StatusCode, bare.Headers.Location!.OriginalString));
        using var page = await client.GetAsync("/install/", Cancel);
        var text = await page.Content.ReadAsStringAsync(Cancel);
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        var policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", text, StringComparison.Ordinal);
        Assert.DoesNotContain("style=", text, StringComparison.Ordinal);
        foreach (var file in System.Text.RegularExpressions.Regex.Matches(text, "(?:src|href)=\"([^\"#/]+\\.[a-z]+)\"").Select(m => m.Groups[1].Value))
        {
            using var part = await client.GetAsync($"/install/{file}", Cancel);
            Assert.True(part.IsSuccessStatusCode, file);
        }
        using var worker = await client.GetAsync("/install/worker.js", Cancel);
        Assert.DoesNotContain("VERSION-OF-THE-PAGE", await worker.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        using var again = new HttpRequestMessage(HttpMethod.Get, "/install/worker.js");
        again.Headers.IfNoneMatch.Add(worker.Headers.ETag!);
        using var same = await client.SendAsync(again, Cancel);
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
        using var nothing = await client.GetAsync("/install/nothing.js", Cancel);
        Assert.Equal(HttpStatusCode.NotFound, nothing.StatusCode);
    }

    private Dictionary<string, string> Tokens { get; } = [];

    /// <summary>A tenant with a building of two floors, two devices in no place, and one who installs everywhere in it.</summary>
    private async Task<(StrataClient Admin, StrataClient Installer)> TenantAsync(string name)
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant(name), Cancel);
        var admin = new StrataClient(cloud.Http, null, name);
        await admin.ApplyAsync("apiVersion: strata/v1\nsite: hq\nchildren: [{site: floor-1, children: [{site: z-1}]}, {site: floor-2}]\n", dryRun: false, prune: false, cancellationToken: Cancel);
        await admin.CreateDeviceAsync(new CreateDevice("d-1") { Serial = "sn-1" }, Cancel);
        await admin.CreateDeviceAsync(new CreateDevice("d-2"), Cancel);
        Tokens[name] = (await admin.CreateTokenAsync(new CreateToken([new GrantInfo("installer")], "installer"), Cancel)).Token;
        return (admin, Client(Tokens[name]));
    }

    private static async Task<string> TokenAsync(StrataClient admin, string site) => (await admin.CreateTokenAsync(new CreateToken([new GrantInfo("installer", [site])], $"of {site}"), Cancel)).Token;

    private StrataClient Client(string token) => new(cloud.NewClient(), token);

    private async Task<HttpResponseMessage> GetAsync(string token, string path)
    {
        using var client = cloud.NewClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await client.GetAsync(path, Cancel);
    }

    private static Task<StrataApiException> RefusedAsync<T>(Func<Task<T>> call) => Assert.ThrowsAsync<StrataApiException>(call);
}

public sealed class MountingInFilesTests(RunningCloud cloud) : MountingTests(cloud), IClassFixture<RunningCloud>;

public sealed class MountingInPostgresTests(RunningCloudOnPostgres cloud) : MountingTests(cloud), IClassFixture<RunningCloudOnPostgres>;
