using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Artifacts;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices;
using Strata.Cloud.Platform.Isolation;
using Strata.Cloud.Tests.Artifacts;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Telemetry;
using Strata.Telemetry.Transfer;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests.Isolation;

/// <summary>A whole tenant goes to another installation, between both kinds of store.</summary>
public sealed class TenantArchiveTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly byte[] Key = Encoding.UTF8.GetBytes("a key of the test's own");
    private readonly List<RunningCloud> clouds = [];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var cloud in clouds)
            await cloud.DisposeAsync();
    }

    [Theory]
    [InlineData("files", "files")]
    [InlineData("files", "postgres")]
    [InlineData("postgres", "files")]
    [InlineData("postgres", "postgres")]
    public async Task A_tenant_is_exported_while_it_publishes_and_imported_whole(string from, string to)
    {
        var (here, there) = (await StartAsync(from), await StartAsync(to));
        await there.Client.CreateTenantAsync(new CreateTenant("other"), Cancelled);
        var (device, token) = await FillAsync(here);
        int atLeast;
        byte[] archive;
        await using (var publishing = await PublishingDevice.StartAsync(here.Node.Mqtt.Port, "acme", device, Cancelled))
        {
            await publishing.MoreAsync(200, Cancelled);
            atLeast = publishing.Acknowledged;
            archive = await ExportAsync(here, final: false);
            await publishing.MoreAsync(20, Cancelled);
        }
        Assert.Equal(-1, archive.AsSpan().IndexOf("t-1"u8));
        var imported = await there.Client.ImportTenantAsync(new MemoryStream(archive), Key, Cancelled);

        Assert.Equal(("acme", "acme", to == "files" ? "dedicated" : "encrypted"), (imported.Id, imported.Name, imported.Level));
        Assert.Equal(["ada@acme.example"], imported.Invited.Select(i => i.Email));
        await CheckAsync(here, there, token, atLeast);
        var count = (int)(await Of(there).CountReadingsAsync("t-1", Cancelled)).Count;
        Assert.Equal(count, imported.Readings);
        // It goes on there, and after a restart; what was stored there before is known.
        await using (var again = await PublishingDevice.StartAsync(there.Node.Mqtt.Port, "acme", device, Cancelled))
            await again.MoreAsync(count + 5, Cancelled);
        await there.StopAsync();
        await there.StartAsync();
        Assert.InRange((await Of(there).CountReadingsAsync("t-1", Cancelled)).Count, count + 5, count + 50);
        Assert.Null((await Of(there).VerifyAuditAsync(Cancelled)).Broken);
        Assert.Contains((await Of(there).ListAuditAsync(new AuditQuery(Action: "import"), cancellationToken: Cancelled)).Items, r => r.Kind == "tenant");
        var twice = await Assert.ThrowsAsync<StrataApiException>(() => there.Client.ImportTenantAsync(new MemoryStream(archive), Key, Cancelled));
        Assert.Equal(HttpStatusCode.Conflict, twice.StatusCode);
    }

    [Theory]
    [InlineData("files")]
    [InlineData("postgres")]
    public async Task The_final_export_pauses_the_tenant_and_only_told_to_leaves_nothing_and_it_may_come_back(string kind)
    {
        var cloud = await StartAsync(kind);
        var (device, token) = await FillAsync(cloud);
        await using (var publishing = await PublishingDevice.StartAsync(cloud.Node.Mqtt.Port, "acme", device, Cancelled))
        {
            await publishing.MoreAsync(50, Cancelled);
            await publishing.StopAsync();
        }
        var served = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.PurgeTenantAsync("acme", Cancelled));
        Assert.Contains("disable", served.Message, StringComparison.Ordinal);
        var archive = await ExportAsync(cloud, final: true);
        Assert.Equal("disabled", (await cloud.Client.GetTenantAsync("acme", Cancelled)).State);
        var before = await Of(cloud).CountReadingsAsync("t-1", Cancelled);
        await cloud.Client.PurgeTenantAsync("acme", Cancelled);
        Assert.DoesNotContain((await cloud.Client.ListTenantsAsync(cancellationToken: Cancelled)).Items, t => t.Id == "acme");
        var store = cloud.Node.Services.GetRequiredService<ITelemetryStore>();
        Assert.Empty(await store.ReadAsync(TenantId.Parse("acme"), new ReadingRange(), Cancelled));

        await cloud.Client.ImportTenantAsync(new MemoryStream(archive), Key, Cancelled);
        Assert.Equal(before.Count, (await Of(cloud).CountReadingsAsync("t-1", Cancelled)).Count);
        Assert.Equal("active", (await cloud.Client.GetTenantAsync("acme", Cancelled)).State);
        Assert.Null((await Of(cloud).VerifyAuditAsync(Cancelled)).Broken);
        Assert.Single((await WithToken(cloud, token).ListDevicesAsync(cancellationToken: Cancelled)).Items);
    }

    [Theory]
    [InlineData("files")]
    [InlineData("postgres")]
    public async Task A_damaged_a_cut_a_foreign_and_a_changed_archive_are_refused_and_leave_nothing(string kind)
    {
        var (here, there) = (await StartAsync("files"), await StartAsync(kind));
        await FillAsync(here);
        var batch = new ReadingBatch();
        batch.BeginMessage();
        for (var i = 0; i < 100; i++) // Not to be compressed, so that the archive has several parts.
            batch.Add(DeviceId.Parse("t-1"), MetricName.Parse("log"), i, Convert.ToBase64String(RandomNumberGenerator.GetBytes(3_000)));
        batch.EndMessage();
        await here.CommitAsync(new TelemetryWrite { Tenant = TenantId.Parse("acme"), Readings = batch });
        var archive = await ExportAsync(here, final: false);
        var damaged = archive.ToArray();
        damaged[archive.Length / 2] ^= 1;
        await RefusedAsync(there, damaged, Key, "byte");
        await RefusedAsync(there, archive[..^200], Key, "cut off");
        await RefusedAsync(there, archive[..70_000], Key, "cut off");
        await RefusedAsync(there, archive, Encoding.UTF8.GetBytes("another key, long enough"), "does not open with this key");
        await RefusedAsync(there, Encoding.UTF8.GetBytes(new string('x', 200)), Key, "not an archive");
        await RefusedAsync(there, [], Key, "not an archive");
        await RefusedAsync(there, [.. archive.AsSpan(0, 22), (byte)'2', .. archive.AsSpan(23)], Key, "another version");

        // A store that fails in the middle: nothing of it is left, and the next attempt succeeds.
        Assert.Empty(await there.Node.Services.GetRequiredService<ITelemetryStore>().ReadAsync(TenantId.Parse("acme"), new ReadingRange(), Cancelled));
        Assert.False(Directory.Exists(Path.Combine(there.Folder, "tenants", "acme")));
        Assert.Empty(Directory.Exists(Path.Combine(there.Folder, "imports")) ? Directory.GetFiles(Path.Combine(there.Folder, "imports")) : []);
        await there.Client.ImportTenantAsync(new MemoryStream(archive), Key, Cancelled);
    }

    [Theory]
    [InlineData("files")]
    [InlineData("postgres")]
    public async Task What_a_killed_node_left_of_an_import_is_gone_with_the_next_start(string kind)
    {
        var (here, there) = (await StartAsync("files"), await StartAsync(kind));
        await FillAsync(here);
        var archive = await ExportAsync(here, final: false);
        // As a node leaves it that ended in the middle: the mark, and some rows.
        var (placements, store) = (there.Node.Services.GetRequiredService<TenantPlacements>(), there.Node.Services.GetRequiredService<RoutedTelemetryStore>());
        var acme = TenantId.Parse("acme");
        await placements.ReserveAsync(new TenantPlacementRow { TenantId = "acme", Level = IsolationLevel.Logical, Target = IsolationLevel.Logical, IsChanging = true, Change = Platform.Archive.TenantImport.Mark }, "Acme", DateTimeOffset.UnixEpoch, Cancelled);
        if (kind == "files")
            Directory.CreateDirectory(Path.Combine(there.Folder, "tenants", "acme"));
        else
            await foreach (var slice in TenantTransfer.ReadAsync(here.Node.Services.GetRequiredService<RoutedTelemetryStore>().StoreOf(acme), acme, 0, long.MaxValue, Cancelled))
                await TenantTransfer.BringAsync(store.Shared, acme, slice, null, Cancelled);
        await there.StopAsync();
        await there.StartAsync();
        while (there.Node.Services.GetRequiredService<TenantPlacements>().All.Any(p => p.IsChanging))
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancelled);
        Assert.False(Directory.Exists(Path.Combine(there.Folder, "tenants", "acme")));
        Assert.Empty(await there.Node.Services.GetRequiredService<ITelemetryStore>().ReadAsync(acme, new ReadingRange(), Cancelled));
        await there.Client.ImportTenantAsync(new MemoryStream(archive), Key, Cancelled);
    }

    [Fact]
    public async Task The_final_export_has_what_was_noted_and_not_written_yet()
    {
        var cloud = new NotingCloud();
        clouds.Add(cloud);
        await cloud.InitializeAsync();
        var (device, _) = await FillAsync(cloud);
        await using (var publishing = await PublishingDevice.StartAsync(cloud.Node.Mqtt.Port, "acme", device, Cancelled))
        {
            await publishing.MoreAsync(5, Cancelled);
            await publishing.StopAsync();
        }
        Assert.Equal("provisioning", (await Of(cloud).GetDeviceAsync("t-1", Cancelled)).State);
        var archive = await ExportAsync(cloud, final: true);
        await cloud.Client.PurgeTenantAsync("acme", Cancelled);
        await cloud.Client.ImportTenantAsync(new MemoryStream(archive), Key, Cancelled);
        Assert.Equal("active", (await Of(cloud).GetDeviceAsync("t-1", Cancelled)).State);
    }

    [Theory]
    [InlineData("files", "postgres")]
    [InlineData("postgres", "files")]
    public async Task Bytes_of_artifacts_travel_with_their_tenant_and_one_that_is_too_large_there_is_refused(string from, string to)
    {
        var (here, there) = (await StartAsync(from), await StartAsync(to));
        await FillAsync(here);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await Of(here).SaveArtifactKeyAsync("k1", ArtifactsTests.PublicOf(key), Cancelled);
        byte[][] contents = [RandomNumberGenerator.GetBytes(2_500_000), RandomNumberGenerator.GetBytes(1 << 20)]; // Several pieces; exactly one.
        var added = new List<ArtifactInfo>();
        foreach (var content in contents)
        {
            await Of(here).SendArtifactContentAsync(ArtifactsTests.Hash(content), new MemoryStream(content), Cancelled);
            added.Add(await Of(here).AddArtifactAsync(ArtifactsTests.Sign(ArtifactsTests.Manifest(content, $"1.{added.Count}", TimeProvider.System.GetUtcNow(), $"T-{added.Count}"), ("k1", key)), Cancelled));
        }
        var archive = await ExportAsync(here, final: false);
        var limits = there.Node.Services.GetRequiredService<ArtifactsOptions>();
        var most = limits.MaxArtifactBytes;
        limits.MaxArtifactBytes = 2_000_000;
        await RefusedAsync(there, archive, Key, "at most 2,000,000 bytes");
        limits.MaxArtifactBytes = most;
        await there.Client.ImportTenantAsync(new MemoryStream(archive), Key, Cancelled);
        foreach (var (artifact, content) in added.Zip(contents))
        {
            Assert.Equivalent(artifact, await Of(there).GetArtifactAsync(artifact.Id, Cancelled), strict: true);
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/artifacts/{artifact.Sha256}");
            request.Headers.Add("Strata-Tenant", "acme");
            using var response = await there.Http.SendAsync(request, Cancelled);
            Assert.Equal(content, await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(Cancelled));
        }
    }

    private static async Task RefusedAsync(RunningCloud cloud, byte[] archive, byte[] key, string why)
    {
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.ImportTenantAsync(new MemoryStream(archive), key, Cancelled));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain((await cloud.Client.ListTenantsAsync(cancellationToken: Cancelled)).Items, t => t.Id == "acme");
    }

    private static async Task<(DeviceSecret Device, string Token)> FillAsync(RunningCloud cloud)
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant("acme"), Cancelled);
        var acme = Of(cloud);
        await acme.ApplyAsync("apiVersion: strata/v1\nsite: hq\nchildren: [{site: floor-1, children: [{site: zone-a}]}, {site: floor-2}]\n", dryRun: false, prune: false, cancellationToken: Cancelled);
        var device = await acme.CreateDeviceAsync(new CreateDevice("t-1", Site: "hq/floor-1"), Cancelled);
        await acme.CreateRoleAsync(new CreateRole("guard", ["devices.read"]), Cancelled);
        var token = await acme.CreateTokenAsync(new CreateToken([new GrantInfo("tenant-admin")]), Cancelled);
        await acme.InviteUserAsync(new InviteUser("ada@acme.example", [new GrantInfo("viewer", ["hq/floor-1"])]), Cancelled);
        await acme.SetSignInProviderAsync(new SetSignInProvider("https://login.acme.example/", "strata", [new GroupGrant("all", new GrantInfo("viewer"))], "the client's secret"), Cancelled);
        await cloud.Client.ChangeIsolationAsync("acme", new ChangeIsolation("encrypted"), Cancelled);
        while ((await cloud.Client.GetIsolationAsync("acme", Cancelled)).Changing)
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancelled);
        return (device, token.Token);
    }

    private static async Task CheckAsync(RunningCloud here, RunningCloud there, string token, int atLeast)
    {
        var (was, now) = (Of(here), Of(there));
        Assert.Null((await now.VerifyAuditAsync(Cancelled)).Broken);
        Assert.Equal((await was.ListSitesAsync(cancellationToken: Cancelled)).Items, (await now.ListSitesAsync(cancellationToken: Cancelled)).Items);
        Assert.Equal((await was.ListRolesAsync(Cancelled)).Items.Select(r => r.Name), (await now.ListRolesAsync(Cancelled)).Items.Select(r => r.Name));
        Assert.Equal(["t-1"], (await WithToken(there, token).ListDevicesAsync(cancellationToken: Cancelled)).Items.Select(d => d.Id));
        var provider = (await now.GetSignInRulesAsync(Cancelled)).Provider!;
        Assert.Equal(("https://login.acme.example/", true), (provider.Issuer, provider.HasSecret));
        var readings = await there.Node.Services.GetRequiredService<ITelemetryStore>().ReadAsync(TenantId.Parse("acme"), new ReadingRange { Limit = 100_000 }, Cancelled);
        Assert.True(readings.Count >= atLeast, $"{readings.Count} of {atLeast} readings that were acknowledged before are there.");
        Assert.Equal(Enumerable.Range(0, readings.Count).Select(n => (double)n), readings.Select(r => r.Value.Number));
        var usage = await there.Node.Services.GetRequiredService<ITelemetryStore>().UsageAsync(TenantId.Parse("acme"), DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue.AddYears(-1), Cancelled);
        Assert.Equal(readings.Count, usage.Sum(u => u.ReadingsStored));
    }

    private static async Task<byte[]> ExportAsync(RunningCloud cloud, bool final)
    {
        using var archive = new MemoryStream();
        await cloud.Client.ExportTenantAsync("acme", Key, final, archive, Cancelled);
        return archive.ToArray();
    }

    private static StrataClient Of(RunningCloud cloud) => new(cloud.Http, null, "acme");

    private static StrataClient WithToken(RunningCloud cloud, string token) => new(cloud.NewClient(), token);

    private async Task<RunningCloud> StartAsync(string kind)
    {
        var cloud = kind == "files" ? new RunningCloud() : new RunningCloudOnPostgres(server);
        clouds.Add(cloud);
        await cloud.InitializeAsync();
        return cloud;
    }

    /// <summary>Writes once a minute what it has heard.</summary>
    private sealed class NotingCloud : RunningCloud
    {
        protected override void Configure(WebApplicationBuilder builder) => builder.Services.AddSingleton(new DevicesOptions { PresenceInterval = TimeSpan.FromMinutes(1) });
    }
}
