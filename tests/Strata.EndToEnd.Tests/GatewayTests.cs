using Strata.Cli.Demo;

namespace Strata.EndToEnd.Tests;

/// <summary>Gateways as real processes: offline work, failover, chains, strangers.</summary>
public sealed class GatewayTests
{
    private const string TwoGateways = """
        apiVersion: strata/v1
        site: hq
        children: [ { site: a, kind: floor }, { site: b, kind: floor } ]
        gateways: [ { id: gw-a, site: hq/a, uplink: { "*": raw } }, { id: gw-b, site: hq/b, uplink: { "*": raw } } ]
        devices: [ { id: d-1, site: hq/a, gateways: [gw-a, gw-b] } ]
        """;

    [Fact]
    public async Task A_device_whose_gateway_dies_is_served_by_the_other_and_the_registry_shows_it()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var secret = (await installation.ApplyAsync(TwoGateways)).Secrets["d-1"];
        var first = await installation.StartFogAsync("gw-a", "hq/a");
        var second = await installation.StartFogAsync("gw-b", "hq/b");
        var edge = await installation.CreateEdgeAsync("d-1", secret, Installation.Port(first), "--source", "host", "--interval", "200ms", "--immediate", "cpu");
        edge = installation.Create("d-1", [.. edge.Arguments.Select(a => a.StartsWith("mqtt://", StringComparison.Ordinal) ? $"{a},mqtt://127.0.0.1:{Installation.Port(second)}" : a)]);
        await edge.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
        await Eventually.IsAsync(() => installation.Client.GetDeviceAsync("d-1"), d => d.Gateway == "gw-a", "the device behind gw-a");
        await Eventually.IsAsync(
            () => installation.Client.GetTraceAsync("d-1", "cpu"),
            t => t.Complete && t.Hops.Select(h => h.What.Split(' ')[0]).SequenceEqual(["sampled,", "received", "committed", "visible", "forwarded", "received", "committed", "visible"]),
            "every hop of a reading, from its source to the cloud");
        await first.KillAsync();
        await Eventually.IsAsync(() => installation.Client.GetDeviceAsync("d-1"), d => d.Gateway == "gw-b", "the device behind gw-b");
        await Eventually.IsAsync(
            () => installation.Client.ListEventsAsync("d-1"), e => e.Items.Any(i => i.Kind == "device.moved"), "the move as an event");
    }

    [Fact]
    public async Task A_gateway_serves_its_devices_without_the_cloud_and_hands_everything_over_afterwards()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var secret = (await installation.ApplyAsync(TwoGateways)).Secrets["d-1"];
        await using var plug = new UplinkPlug(System.Net.IPEndPoint.Parse(installation.Cloud.Ready["http"]));
        plug.Restore();
        var fog = await installation.StartFogAsync("gw-a", "hq/a", $"http://{plug.EndPoint}");
        var device = new LedgerDevice("d-1", secret, () => Installation.Port(fog));
        device.Begin();
        await Eventually.IsAsync(() => installation.Client.CountReadingsAsync("d-1"), c => c.Count > 5, "readings through the gateway");
        plug.Cut();
        await fog.KillAsync();
        await fog.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
        var before = device.Acknowledged;
        await Eventually.IsAsync(() => Task.FromResult(device.Acknowledged), n => n > before + 50, "acknowledgements by a restarted gateway without the cloud");
        await device.EndAsync();
        plug.Restore();
        await Eventually.IsAsync(() => installation.Client.CountReadingsAsync("d-1"), c => c.Count == device.Acknowledged, "everything acknowledged at the cloud");
        Assert.Empty((await installation.Client.ListGapsAsync()).Items);
    }

    [Fact]
    public async Task A_gateway_behind_a_gateway_delivers_through_it()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var secret = (await installation.ApplyAsync("""
            apiVersion: strata/v1
            site: hq
            children: [ { site: a, kind: floor } ]
            gateways: [ { id: gw-region, site: hq }, { id: gw-a, site: hq/a, uplink: { "*": raw } } ]
            devices: [ { id: d-1, site: hq/a } ]
            """)).Secrets["d-1"];
        var region = await installation.StartFogAsync("gw-region", "hq");
        var fog = await installation.StartFogAsync("gw-a", "hq/a", $"http://{region.Ready["http"]}");
        var device = new LedgerDevice("d-1", secret, () => Installation.Port(fog));
        device.Begin();
        await Eventually.IsAsync(() => Task.FromResult(device.Acknowledged), n => n > 100, "acknowledgements at the lower gateway");
        await device.EndAsync();
        await Eventually.IsAsync(() => installation.Client.CountReadingsAsync("d-1"), c => c.Count == device.Acknowledged, "all readings at the cloud");
        Assert.Equal("gw-a", (await installation.Client.GetDeviceAsync("d-1")).Gateway);
    }

    [Fact]
    public async Task A_stranger_at_a_gateway_is_refused_and_the_cloud_says_where_and_why()
    {
        Tool.Require("mosquitto_pub");
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        await installation.ApplyAsync(TwoGateways);
        var fog = await installation.StartFogAsync("gw-a", "hq/a");
        // Until the gateway has been told its devices it does not know that one is a stranger, and asks it to come again.
        await Eventually.IsAsync(
            async () =>
            {
                var run = await Tool.RunAsync("mosquitto_pub",
                    ["-h", "127.0.0.1", "-p", Installation.Port(fog).ToString(), "-u", "stranger", "-P", "x", "-q", "1", "-t", "devices/stranger/telemetry", "-m", "{}"]);
                Assert.NotEqual(0, run.ExitCode);
                return await installation.Client.ListRejectionsAsync();
            },
            r => r.Items.Any(i => i.Subject == "stranger" && i.Gateway == "gw-a"), "the stranger in the rejections, with its gateway");
    }

    [Fact]
    public async Task SIGTERM_stops_every_tier_with_exit_code_0()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var secret = (await installation.ApplyAsync(TwoGateways)).Secrets["d-1"];
        var fog = await installation.StartFogAsync("gw-a", "hq/a");
        var edge = await installation.CreateEdgeAsync("d-1", secret, Installation.Port(fog), "--source", "host", "--interval", "100ms");
        await edge.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
        foreach (var process in new[] { edge, fog, installation.Cloud })
            Assert.Equal(0, await process.StopAsync(TimeSpan.FromSeconds(30)));
    }
}
