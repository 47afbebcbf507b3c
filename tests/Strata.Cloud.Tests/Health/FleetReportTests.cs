using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests.Health;

public abstract class FleetReportTests(PostgresServer? server) : IAsyncLifetime
{
    private readonly MovedCloud cloud = new(server);
    private TestFleet fleet = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await cloud.InitializeAsync();
        fleet = new TestFleet(cloud);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await cloud.DisposeAsync();
    }

    [Fact]
    public async Task Counts_are_exact_and_each_device_is_in_one_bucket()
    {
        var random = new Random(6);
        var devices = Enumerable.Range(0, 400).Select(i => (Id: $"d-{i:000}", Site: $"hq/floor-{i % 4}/zone-{i % 8}", Model: $"m-{i % 3}")).ToList();
        await fleet.RegisterAsync([.. devices.Select(d => TestFleet.Device(d.Id, d.Site, d.Model))]);
        var expected = new Dictionary<string, string>();
        var live = new List<string>();
        foreach (var d in devices)
        {
            switch (random.Next(10))
            {
                case 0:
                    expected[d.Id] = "waiting";
                    break;
                case 1:
                    await fleet.ReportAsync(d.Id, ("health.battery", 9), ("health.rssi", -120), ("health.firmware", 2)); // Silent from now on: that counts more.
                    expected[d.Id] = "offline";
                    break;
                case 2:
                    await fleet.ReportAsync(d.Id, ("health.battery", random.Next(0, 20)), ("health.rssi", -120));
                    expected[d.Id] = "lowBattery";
                    live.Add(d.Id);
                    break;
                case 3:
                    await fleet.ReportAsync(d.Id, ("temperature", 900), ("health.battery", 50), ("health.firmware", 1));
                    expected[d.Id] = "badData";
                    live.Add(d.Id);
                    break;
                case 4:
                    await fleet.ReportAsync(d.Id, ("health.rssi", -119));
                    expected[d.Id] = "weakSignal";
                    live.Add(d.Id);
                    break;
                default:
                    await fleet.ReportAsync(d.Id, ("temperature", 21), ("health.battery", random.Next(20, 101)), ("health.firmware", 1));
                    expected[d.Id] = "healthy";
                    live.Add(d.Id);
                    break;
            }
        }
        fleet.Pass(TimeSpan.FromMinutes(11));
        live.ForEach(id => fleet.Hear(id));
        await fleet.LookAsync();

        var report = await cloud.Client.GetFleetReportAsync(cancellationToken: Cancel);
        Assert.Equal(400, report.Total);
        Assert.Equal(expected.Values.GroupBy(b => b).ToDictionary(g => g.Key, g => g.Count()), report.Buckets.Where(b => b.Value > 0).ToDictionary());
        Assert.Equal(10, report.Buckets.Count); // All are named, also those with none.
        Assert.StartsWith($"{expected.Values.Count(b => b == "healthy")} healthy, ", report.Summary, StringComparison.Ordinal);
        foreach (var bucket in report.Buckets.Keys)
        {
            var page = await cloud.Client.ListFleetDevicesAsync(new FleetDevicesQuery(bucket), cancellationToken: Cancel);
            Assert.Equal(expected.Where(e => e.Value == bucket).Select(e => e.Key).Order(StringComparer.Ordinal), page.Items.Select(d => d.Id));
            Assert.All(page.Items, d => Assert.Equal(bucket is not ("healthy" or "waiting"), d.Reasons.Count > 0));
        }
        var floor = await cloud.Client.GetFleetReportAsync("hq/floor-1", cancellationToken: Cancel);
        var there = devices.Where(d => d.Site.StartsWith("hq/floor-1/", StringComparison.Ordinal)).Select(d => expected[d.Id]).ToList();
        Assert.Equal(there.GroupBy(b => b).ToDictionary(g => g.Key, g => g.Count()), floor.Buckets.Where(b => b.Value > 0).ToDictionary());
    }

    [Theory]
    [InlineData("site", new[] { "hq" })]
    [InlineData("sku", new[] { "m-0", "m-1" })]
    [InlineData("firmware", new[] { "", "3" })]
    [InlineData("gateway", new[] { "" })]
    public async Task Groups_add_up_to_the_whole(string by, string[] keys)
    {
        await fleet.RegisterAsync([.. Enumerable.Range(0, 10).Select(i => TestFleet.Device($"d-{i}", $"hq/floor-{i}", $"m-{i % 2}"))]);
        for (var i = 0; i < 10; i++)
            await fleet.ReportAsync($"d-{i}", i < 5 ? [("health.firmware", 3)] : [("temperature", 20)]);
        await fleet.LookAsync();
        var report = await cloud.Client.GetFleetReportAsync(by: by, cancellationToken: Cancel);
        Assert.Equal(keys, report.Groups!.Select(g => g.Key).Order(StringComparer.Ordinal));
        Assert.Equal(10, report.Groups!.Sum(g => g.Total));
        Assert.All(report.Groups!, g => Assert.Equal(g.Total, g.Buckets.Values.Sum()));
        var csv = await cloud.Http.GetStringAsync($"/api/v1/fleet/report?by={by}&format=csv", Cancel);
        Assert.Equal(2 + keys.Length, csv.TrimEnd().Split("\r\n").Length);
    }

    [Fact]
    public async Task A_device_says_how_it_is_by_http_and_is_shown_with_its_reasons()
    {
        var secret = (await fleet.RegisterAsync(TestFleet.Device("d-1")))[0].Secret!;
        using var http = cloud.NewClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"d-1:{secret}")));
        using var answer = await http.PostAsJsonAsync("/api/v1/devices/d-1/health", new { battery = 11.5, rssi = -70, firmware = "1.4.2" }, Cancel);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        using var refused = await http.PostAsJsonAsync("/api/v1/devices/d-1/health", new { battery = "low" }, Cancel);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        await fleet.LookAsync();
        using var shown = JsonDocument.Parse(await cloud.Http.GetStringAsync("/api/v1/devices/d-1", Cancel));
        var health = shown.RootElement.GetProperty("health");
        Assert.Equal(55, health.GetProperty("score").GetInt32());
        Assert.Equal("lowBattery", health.GetProperty("reasons")[0].GetProperty("reason").GetString());
        Assert.Equal("battery 11.5 %; low below 20 %", health.GetProperty("reasons")[0].GetProperty("detail").GetString());
        Assert.Equal("1.4.2", health.GetProperty("firmware").GetString());
        Assert.Equal(1, (await cloud.Client.GetFleetReportAsync(cancellationToken: Cancel)).Buckets["lowBattery"]);
    }

    [Fact]
    public async Task A_restart_forgets_nothing_of_a_devices_health()
    {
        await fleet.RegisterAsync(TestFleet.Device("d-1"));
        for (var i = 0; i < 5; i++)
        {
            await fleet.ReportAsync("d-1", ("health.battery", 12), ("health.errors", i * 10));
            await fleet.LookAsync();
            fleet.Pass(TimeSpan.FromHours(2));
        }
        var before = fleet.Get<Strata.Cloud.Platform.Fleet.IDeviceHealth>().Find(TenantId.Main, DeviceId.Parse("d-1"))!;
        Assert.InRange(before.Errors, 30, 40); // 10 in each of four steps, as the sliding day sees them.
        await cloud.StopAsync();
        await cloud.StartAsync();
        var after = fleet.Get<Strata.Cloud.Platform.Fleet.IDeviceHealth>().Find(TenantId.Main, DeviceId.Parse("d-1"))!;
        Assert.Equal(12, after.Battery);
        Assert.Equal(before.Interval!.Value.TotalHours, after.Interval!.Value.TotalHours, 0.01);
        Assert.Equal(before.Errors, after.Errors, 0.5);
        Assert.Contains(after.Reasons, r => r.Reason == "lowBattery");
    }

    [Fact]
    public async Task A_new_device_of_an_old_name_begins_anew()
    {
        await fleet.RegisterAsync(TestFleet.Device("d-1"));
        await fleet.ReportAsync("d-1", ("health.battery", 3));
        await fleet.LookAsync();
        await cloud.Client.DeleteDeviceAsync("d-1", Cancel);
        Assert.Equal(0, (await cloud.Client.GetFleetReportAsync(cancellationToken: Cancel)).Total);
        fleet.Pass(TimeSpan.FromSeconds(5));
        await fleet.RegisterAsync(TestFleet.Device("d-1"));
        fleet.Hear("d-1");
        Assert.Empty((await cloud.Client.GetDeviceAsync("d-1", Cancel)).Health!.Reasons);
    }

    [Fact]
    public async Task Thresholds_are_the_tenants()
    {
        await fleet.RegisterAsync(TestFleet.Device("d-1"));
        await fleet.ReportAsync("d-1", ("health.battery", 30));
        await fleet.LookAsync();
        Assert.Equal(1, (await cloud.Client.GetFleetReportAsync(cancellationToken: Cancel)).Buckets["healthy"]);
        var changed = await cloud.Client.ChangeHealthPolicyAsync(new HealthPolicyInfo { LowBatteryPercent = 35 }, Cancel);
        Assert.Equal(35, changed.LowBatteryPercent);
        Assert.Equal(TimeSpan.FromMinutes(10), changed.OfflineAfter);
        Assert.Equal(1, (await cloud.Client.GetFleetReportAsync(cancellationToken: Cancel)).Buckets["lowBattery"]);
        var refusal = await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.ChangeHealthPolicyAsync(new HealthPolicyInfo { LowBatteryPercent = 99 }, Cancel));
        Assert.Equal("lowBatteryPercent", refusal.Field);
        Assert.Contains((await cloud.Client.ListAuditAsync(new AuditQuery(Kind: "health-policy"), cancellationToken: Cancel)).Items, a => a.Action == "change");
    }

    [Fact]
    public async Task Who_sees_one_floor_counts_one_floor()
    {
        await fleet.RegisterAsync(TestFleet.Device("d-1", "hq/floor-1"), TestFleet.Device("d-2", "hq/floor-2"));
        var token = (await cloud.Client.CreateTokenAsync(new CreateToken([new GrantInfo("viewer", ["hq/floor-1"])]), Cancel)).Token;
        using var http = cloud.NewClient();
        var client = new StrataClient(http, token);
        Assert.Equal(1, (await client.GetFleetReportAsync(cancellationToken: Cancel)).Total);
        Assert.Equal(["d-1"], (await client.ListFleetDevicesAsync(new FleetDevicesQuery(), cancellationToken: Cancel)).Items.Select(d => d.Id));
        Assert.Equal(0, (await client.GetFleetReportAsync("hq/floor-2", cancellationToken: Cancel)).Total);
        Assert.Equal(HttpStatusCode.Forbidden, (await Assert.ThrowsAsync<StrataApiException>(() => client.GetFleetTrendAsync(cancellationToken: Cancel))).StatusCode);
    }

    [Fact]
    public async Task The_digest_tells_in_plain_words_what_is_wrong_and_nothing_of_an_empty_fleet()
    {
        Assert.Null(fleet.Get<IFleetDigest>().Make(TenantId.Main, Reach.Everywhere));
        await fleet.RegisterAsync(TestFleet.Device("well"), TestFleet.Device("low-1"), TestFleet.Device("low-2"));
        await fleet.ReportAsync("well", ("health.battery", 90));
        await fleet.ReportAsync("low-1", ("health.battery", 9));
        await fleet.ReportAsync("low-2", ("health.battery", 9), ("health.rssi", -120));
        await fleet.LookAsync();
        var digest = fleet.Get<IFleetDigest>().Make(TenantId.Main, Reach.Everywhere)!;
        Assert.Equal("1 healthy, 2 low battery", digest.Summary);
        Assert.Equal(["low battery: 2", "weak signal: 1"], digest.Lines);
    }

    [Fact]
    public async Task The_trend_has_the_fleet_by_the_hour()
    {
        await fleet.RegisterAsync(TestFleet.Device("d-1"));
        await fleet.ReportAsync("d-1", ("health.battery", 3));
        await fleet.LookAsync();
        fleet.Pass(TimeSpan.FromHours(1));
        await fleet.LookAsync();
        var trend = await cloud.Client.GetFleetTrendAsync(1, Cancel);
        Assert.Equal(2, trend.Items.Count);
        Assert.Equal((1, 1), (trend.Items[0].Total, trend.Items[0].Buckets["lowBattery"]));
        Assert.Equal(1, trend.Items[1].Buckets["offline"]);
        Assert.Equal(TimeSpan.FromHours(1), trend.Items[1].Time - trend.Items[0].Time);
    }
}

public sealed class FleetReportInFilesTests() : FleetReportTests(null);

public sealed class FleetReportInPostgresTests(PostgresServer server) : FleetReportTests(server);
