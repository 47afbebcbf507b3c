using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Telemetry.Archive;

namespace Strata.Cloud.Tests;

/// <summary>What becomes of readings when a device is taken out of service, by API of a real node, on both stores.</summary>
public abstract class ReadingsAtEndTests(RunningCloud cloud)
{
    private const int Sent = 50;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Archived_readings_are_in_a_file_that_reads_back_and_nowhere_else()
    {
        var other = await TenantAsync("neighbour-a");
        await SendAsync(cloud.Client, null, "arch-1");
        await SendAsync(other, "neighbour-a", "arch-1");
        var before = (await cloud.Client.ListReadingsAsync(new ReadingsQuery { Devices = ["arch-1"], Limit = 1_000 }, Cancelled)).Items;
        Assert.Equal(2 * Sent, before.Count);
        var usage = (await cloud.Client.GetStatisticsAsync(Cancelled)).Stored;

        await cloud.Client.BeginDecommissionAsync("arch-1", new BeginDecommission(WipeWithin: TimeSpan.Zero, Readings: "archive"), Cancelled);
        var done = await EndedAsync(cloud.Client, "arch-1");
        Assert.Equal(("archive", 2L * Sent), (done.Readings, done.Count));

        using var file = new MemoryStream();
        await cloud.Client.GetDeviceArchiveAsync("arch-1", file, Cancelled);
        Assert.Equal((done.ArchiveDigest, done.ArchiveBytes), (Convert.ToHexStringLower(SHA256.HashData(file.ToArray())), file.Length));
        var path = Path.Combine(Directory.CreateTempSubdirectory("strata-archive-").FullName, "it.parquet");
        await File.WriteAllBytesAsync(path, file.ToArray(), Cancelled);
        var read = ReadingsArchive.Read(path).Select(r => (r.Device.Value, r.Metric.Value, EventTime.ToDateTimeOffset(r.Time), r.Value.Kind == ReadingKind.Text ? r.Value.Text : r.Value.Number.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        Assert.Equal(before.OrderBy(r => r.Time).ThenBy(r => r.Metric, StringComparer.Ordinal).Select(r => (r.Device, r.Metric, r.Time, r.Value.ToString())), read!);

        using var statement = await StatementAsync("arch-1");
        var readings = statement.RootElement.GetProperty("readings");
        Assert.Equal(("archive", 2 * Sent, 0), (readings.GetProperty("policy").GetString(), readings.GetProperty("count").GetInt32(), readings.GetProperty("left").GetInt32()));
        Assert.Equal(done.ArchiveDigest, readings.GetProperty("archive").GetProperty("sha256").GetString());
        await GoneAsync("arch-1");
        // What was stored once stays counted.
        Assert.Equal(usage, (await cloud.Client.GetStatisticsAsync(Cancelled)).Stored);
        Assert.Equal(2 * Sent, (await other.CountReadingsAsync("arch-1", cancellationToken: Cancelled)).Count);
        Assert.Equal(HttpStatusCode.NotFound, (await Assert.ThrowsAsync<StrataApiException>(() => other.GetDeviceArchiveAsync("arch-1", Stream.Null, Cancelled))).StatusCode);
    }

    [Fact]
    public async Task The_tenant_s_policy_holds_where_the_request_says_nothing_and_the_name_is_free_when_all_is_gone()
    {
        var tenant = await TenantAsync("erasing");
        Assert.Equal("keep", (await tenant.GetDecommissionPolicyAsync(Cancelled)).Readings);
        Assert.Equal("readings", (await Assert.ThrowsAsync<StrataApiException>(() => tenant.PutDecommissionPolicyAsync(new DecommissionPolicy("shred"), Cancelled))).Field);
        Assert.Equal("readings", (await Assert.ThrowsAsync<StrataApiException>(() => tenant.BeginDecommissionAsync("x", new BeginDecommission(Readings: "burn"), Cancelled))).Field);
        await tenant.PutDecommissionPolicyAsync(new DecommissionPolicy("archive"), Cancelled);
        Assert.Equal("erase", (await tenant.PutDecommissionPolicyAsync(new DecommissionPolicy("erase"), Cancelled)).Readings);
        foreach (var device in (string[])["er-1", "er-2", "kept-1"])
            await SendAsync(tenant, "erasing", device);
        await tenant.BeginDecommissionAsync("er-1", new BeginDecommission(WipeWithin: TimeSpan.Zero), Cancelled);
        await tenant.BeginDecommissionAsync("er-2", new BeginDecommission(WipeWithin: TimeSpan.Zero), Cancelled);
        await tenant.BeginDecommissionAsync("kept-1", new BeginDecommission(WipeWithin: TimeSpan.Zero, Readings: "keep"), Cancelled);

        // From the moment it is gone until its readings are, nobody gets its name: by no way.
        var refused = 0;
        while (true)
        {
            var state = (await tenant.GetDecommissionAsync("er-1", Cancelled)).State;
            try
            {
                await tenant.CreateDeviceAsync(new CreateDevice("er-1"), Cancelled);
                Assert.Equal("done", (await tenant.GetDecommissionAsync("er-1", Cancelled)).State);
                await tenant.DeleteDeviceAsync("er-1", Cancelled);
                break;
            }
            catch (StrataApiException taken)
            {
                Assert.Equal("id", taken.Field);
                if (state is "removing" or "scrubbing")
                    refused += taken.Message.Contains("erased", StringComparison.Ordinal) ? 1 : 0;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancelled);
        }
        Assert.True(refused > 0, "It was never seen between being gone and being done.");
        await EndedAsync(tenant, "er-2");
        await EndedAsync(tenant, "kept-1");
        Assert.Equal(2 * Sent, (await tenant.CountReadingsAsync(cancellationToken: Cancelled)).Count);
        Assert.Equal(2 * Sent, (await tenant.CountReadingsAsync("kept-1", cancellationToken: Cancelled)).Count);
        await SendAsync(tenant, "erasing", "er-1");
        Assert.Equal(2 * Sent, (await tenant.CountReadingsAsync("er-1", cancellationToken: Cancelled)).Count);
        Assert.Null((await tenant.VerifyAuditAsync(Cancelled)).Broken);
    }

    private async Task GoneAsync(string device)
    {
        Assert.Equal(0, (await cloud.Client.CountReadingsAsync(device, cancellationToken: Cancelled)).Count);
        Assert.Empty((await cloud.Client.ListReadingsAsync(new ReadingsQuery { Devices = [device] }, Cancelled)).Items);
        Assert.Empty((await cloud.Client.ListLatestAsync(device, cancellationToken: Cancelled)).Items);
    }

    private async Task<JsonDocument> StatementAsync(string device)
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(await cloud.Client.GetErasureKeyAsync(Cancelled));
        return JsonDocument.Parse(ErasureCertificate.Verify(await cloud.Client.GetErasureAsync(device, Cancelled), key)!);
    }

    private async Task<StrataClient> TenantAsync(string tenant)
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant(tenant), Cancelled);
        return new StrataClient(cloud.Http, null, tenant);
    }

    /// <summary>A device with readings of all kinds, some late.</summary>
    private async Task SendAsync(StrataClient client, string? tenant, string device)
    {
        var secret = (await client.CreateDeviceAsync(new CreateDevice(device), Cancelled)).Secret;
        var start = TimeProvider.System.GetUtcNow().AddHours(-1).ToUnixTimeMilliseconds();
        var body = "[" + string.Join(',', Enumerable.Range(0, Sent).Select(i => $$$"""{"ts":{{{start + (i ^ 1) * 1000}}},"values":{"temperature":{{{i}}}.5,"door":"open {{{i}}}"}}""")) + "]";
        using var request = new HttpRequestMessage(HttpMethod.Post, $"api/v1/devices/{device}/telemetry") { Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new("Basic", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{(tenant is null ? "" : tenant + "/")}{device}:{secret}")));
        using var answer = await cloud.Http.SendAsync(request, Cancelled);
        Assert.True(answer.StatusCode == HttpStatusCode.NoContent, await answer.Content.ReadAsStringAsync(Cancelled));
    }

    private static async Task<DecommissionInfo> EndedAsync(StrataClient client, string device)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            var info = await client.GetDecommissionAsync(device, limit.Token);
            if (info.State == "done")
                return info;
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, limit.Token);
        }
    }
}

public sealed class ReadingsAtEndInFilesTests(RunningCloud cloud) : ReadingsAtEndTests(cloud), IClassFixture<RunningCloud>;

public sealed class ReadingsAtEndInPostgresTests(RunningCloudOnPostgres cloud) : ReadingsAtEndTests(cloud), IClassFixture<RunningCloudOnPostgres>;
