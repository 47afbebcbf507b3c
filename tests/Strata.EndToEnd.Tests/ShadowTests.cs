using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using MQTTnet.Exceptions;
using Strata.Cli.Demo;
using Strata.Cli.Processes;
using Strata.Cloud.Contracts;
using Strata.Cloud.Tests.Shadows;

namespace Strata.EndToEnd.Tests;

/// <summary>Shadows with real processes: kill -9 of the cloud, of a gateway while the cloud is away, and the verbs.</summary>
public sealed class ShadowTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_accepted_update_is_there_after_kill_9_of_the_cloud()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var secret = await installation.Client.CreateDeviceAsync(new CreateDevice("k-1"), Cancelled);
        var acknowledged = -1;
        for (var round = 0; round < 4; round++)
        {
            await using var device = await ShadowDevice.ConnectAsync(installation.CloudMqttPort, secret, false);
            var sending = Task.Run(async () =>
            {
                try
                {
                    for (var n = acknowledged + 1; ; n++)
                    {
                        if (!(await device.PublishAsync("shadow/update", $"{{\"state\":{{\"reported\":{{\"n\":{n}}}}}}}").WaitAsync(TimeSpan.FromSeconds(20), Cancelled)).IsSuccess)
                            return;
                        Volatile.Write(ref acknowledged, n);
                    }
                }
                catch (Exception gone) when (gone is MqttCommunicationException or TimeoutException or InvalidOperationException)
                {
                    return; // The node was killed.
                }
            }, Cancelled);
            var before = acknowledged;
            await Eventually.IsAsync(() => Task.FromResult(Volatile.Read(ref acknowledged)), n => n > before + 20, "updates acknowledged by the cloud");
            await installation.Cloud.KillAsync();
            await sending;
            await installation.Cloud.StartAsync(Installation.StartLimit, Cancelled);
            var shadow = await installation.Client.GetShadowAsync("k-1", cancellationToken: Cancelled);
            var kept = shadow.State.GetProperty("reported").GetProperty("n").GetInt32();
            Assert.InRange(kept, acknowledged, acknowledged + 1); // The one on its way may have been kept.
            acknowledged = kept;
        }
        Assert.Equal(acknowledged + 1, (await installation.Client.GetShadowAsync("k-1", cancellationToken: Cancelled)).Version);
    }

    [Fact]
    public async Task An_update_that_the_full_disk_does_not_take_is_rejected_and_its_connection_ends_and_it_goes_on_when_there_is_room()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var secret = await installation.Client.CreateDeviceAsync(new CreateDevice("f-1"), Cancelled);
        await using var device = await ShadowDevice.ConnectAsync(installation.CloudMqttPort, secret, false);
        await using var beside = await ShadowDevice.ConnectAsync(installation.CloudMqttPort, secret, false, "shadow/update/accepted", "shadow/update/rejected"); // MQTTnet drops what it has not handed out when its connection ends.
        await device.PublishAsync("shadow/update", """{"state":{"reported":{"n":1}}}""");
        await beside.NextAsync("shadow/update/accepted");
        await FullDiskTests.LimitFilesAsync(installation.Cloud.Id, "1");
        var refused = device.PublishAsync("shadow/update", """{"state":{"reported":{"n":2}},"clientToken":"full"}""");
        var rejected = await beside.NextAsync("shadow/update/rejected");
        Assert.Equal((503, "full"), (rejected.GetProperty("code").GetInt32(), rejected.GetProperty("clientToken").GetString()));
        await Assert.ThrowsAnyAsync<Exception>(() => refused.WaitAsync(TimeSpan.FromSeconds(20), Cancelled)); // Acknowledged would be: kept.
        await FullDiskTests.LimitFilesAsync(installation.Cloud.Id, "unlimited");
        await using var again = await ShadowDevice.ConnectAsync(installation.CloudMqttPort, secret, false, "shadow/update/accepted");
        Assert.True((await again.PublishAsync("shadow/update", """{"state":{"reported":{"n":3}}}""")).IsSuccess);
        Assert.Equal(2, (await again.NextAsync("shadow/update/accepted")).GetProperty("version").GetInt32());
        Assert.Equal(3, (await installation.Client.GetShadowAsync("f-1", cancellationToken: Cancelled)).State.GetProperty("reported").GetProperty("n").GetInt32());
    }

    [Fact]
    public async Task A_gateway_serves_shadows_without_the_cloud_and_both_sides_come_together_with_both_words_kept()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var secret = (await installation.ApplyAsync("""
            apiVersion: strata/v1
            site: hq
            children: [ { site: a, kind: floor } ]
            gateways: [ { id: gw-a, site: hq/a } ]
            devices: [ { id: d-1, site: hq/a } ]
            """)).Secrets["d-1"];
        await using var plug = new UplinkPlug(IPEndPoint.Parse(installation.Cloud.Ready["http"]));
        plug.Restore();
        var fog = await installation.StartFogAsync("gw-a", "hq/a", $"http://{plug.EndPoint}");
        await installation.Client.UpdateShadowAsync("d-1", """{"state":{"desired":{"mode":"eco","temp":20,"fan":1}}}""", cancellationToken: Cancelled);
        await Eventually.IsAsync(() => FogAsync(installation, fog), s => s?.Version == 1, "the shadow at the gateway");

        plug.Cut();
        await using (var device = await ShadowDevice.ConnectAsync(Installation.Port(fog), "d-1", "d-1", secret, false, "shadow/update/delta", "shadow/update/accepted"))
        {
            Assert.Equal("""{"fan":1,"mode":"eco","temp":20}""", (await device.NextAsync("shadow/update/delta")).GetProperty("state").GetRawText());
            await device.PublishAsync("shadow/update", """{"state":{"reported":{"mode":"eco","temp":20}}}""");
            await device.NextAsync("shadow/update/accepted");
            await device.NextAsync("shadow/update/delta");
            Assert.Equal(HttpStatusCode.OK, await PatchFogAsync(installation, fog, """{"state":{"desired":{"temp":25,"fan":2}}}"""));
            Assert.Equal("""{"fan":2,"temp":25}""", (await device.NextAsync("shadow/update/delta")).GetProperty("state").GetRawText());
        }
        for (var temp = 22; temp <= 31; temp++)
            await installation.Client.UpdateShadowAsync("d-1", $"{{\"state\":{{\"desired\":{{\"temp\":{temp},\"led\":true}}}}}}", cancellationToken: Cancelled);
        await fog.KillAsync();
        await fog.StartAsync(Installation.StartLimit, Cancelled);
        Assert.Equal("""{"fan":2,"mode":"eco","temp":25}""", (await FogAsync(installation, fog))!.State.GetProperty("desired").GetRawText()); // Still without the cloud.

        await using var back = await ShadowDevice.ConnectAsync(Installation.Port(fog), "d-1", "d-1", secret, false, "shadow/update/delta");
        await back.NextAsync("shadow/update/delta");
        await back.SubscribeAsync("shadow/update/delta"); // It was told: the next one is the next.
        plug.Restore();
        // The fan that only the site changed is the site's, the light that only the cloud changed is the cloud's, the temperature that both changed is the cloud's.
        const string united = """{"fan":2,"led":true,"mode":"eco","temp":31}""";
        await Eventually.IsAsync(
            () => installation.Client.GetShadowAsync("d-1", cancellationToken: Cancelled), s => s.State.GetProperty("desired").GetRawText() == united && s.State.TryGetProperty("reported", out var r) && r.GetRawText() == """{"mode":"eco","temp":20}""", "both sides together at the cloud");
        await Eventually.IsAsync(() => FogAsync(installation, fog), s => s!.State.GetProperty("desired").GetRawText() == united, "both sides together at the gateway");
        Assert.Equal("""{"fan":2,"led":true,"temp":31}""", (await back.NextAsync("shadow/update/delta")).GetProperty("state").GetRawText()); // Ten changes are one delta.
        Assert.Equal(0, back.Waiting);
        var history = (await installation.Client.ListShadowChangesAsync("d-1", cancellationToken: Cancelled)).Items;
        Assert.Contains(history, c => c.Actor == "gateway gw-a" && c.Change.GetProperty("desired").GetRawText().Contains("\"temp\":25", StringComparison.Ordinal));
        Assert.Contains(history, c => c.Why == "both sides changed it while gateway gw-a was apart: the cloud's stands" && c.Change.GetRawText() == """{"desired":{"temp":31}}""");

        // And at once, while the link stands.
        await installation.Client.UpdateShadowAsync("d-1", """{"state":{"desired":{"led":false}}}""", cancellationToken: Cancelled);
        Assert.Equal("""{"fan":2,"led":false,"temp":31}""", (await back.NextAsync("shadow/update/delta")).GetProperty("state").GetRawText());
        await back.PublishAsync("shadow/update", """{"state":{"reported":{"led":false}}}""");
        await Eventually.IsAsync(
            () => installation.Client.GetShadowAsync("d-1", cancellationToken: Cancelled), s => s.State.GetProperty("reported").TryGetProperty("led", out _), "what the device reported at the cloud");
    }

    [Fact]
    public async Task The_verbs_set_show_compare_take_back_and_explain()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        await installation.Client.CreateDeviceAsync(new CreateDevice("v-1"), Cancelled);
        var file = Path.Combine(installation.Folder, "wanted.json");
        await File.WriteAllTextAsync(file, """{"temp":22,"mode":"eco"}""", Cancelled);
        Assert.Contains("version 1", (await RunAsync(installation, null, "set", "v-1", file, "--why", "commissioning")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync(installation, """{"temp":24}""", "set", "v-1", "-", "--version", "1")).ExitCode);
        var conflict = await RunAsync(installation, """{"temp":25}""", "set", "v-1", "-", "--version", "1");
        Assert.NotEqual(0, conflict.ExitCode);
        Assert.Contains("the shadow has version 2", conflict.Error, StringComparison.Ordinal);
        using (var got = JsonDocument.Parse((await RunAsync(installation, null, "get", "v-1", "-o", "json")).Output))
            Assert.Equal(24, got.RootElement.GetProperty("state").GetProperty("desired").GetProperty("temp").GetInt32());
        Assert.Contains("/temp", (await RunAsync(installation, null, "diff", "v-1", "--from", "1")).Output, StringComparison.Ordinal);
        var change = (await RunAsync(installation, null, "diff", "v-1", "--version", "2")).Output;
        Assert.True(change.Contains("/temp", StringComparison.Ordinal) && !change.Contains("/mode", StringComparison.Ordinal), change);
        Assert.Contains("in place of --from", (await RunAsync(installation, null, "diff", "v-1", "--version", "2", "--from", "1")).Error, StringComparison.Ordinal);
        Assert.Contains("1 or more", (await RunAsync(installation, null, "diff", "v-1", "--version", "0")).Error, StringComparison.Ordinal);
        Assert.Contains("commissioning", (await RunAsync(installation, null, "history", "v-1")).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("commissioning", (await RunAsync(installation, null, "history", "v-1", "--version", "2")).Output, StringComparison.Ordinal);
        Assert.Contains("\"temp\": 22", (await RunAsync(installation, null, "undo", "v-1")).Output, StringComparison.Ordinal);
        Assert.Contains("The device was never heard.", (await RunAsync(installation, null, "why", "v-1")).Output, StringComparison.Ordinal);
        Assert.Contains("-", (await RunAsync(installation, null, "list", "v-1")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync(installation, null, "delete", "v-1")).ExitCode);
        Assert.NotEqual(0, (await RunAsync(installation, null, "get", "v-1")).ExitCode);
    }

    private static Task<Tool.Outcome> RunAsync(Installation installation, string? input, params string[] arguments) =>
        Tool.RunAsync(Installation.Executable, ["shadow", .. arguments, "--data", installation.CloudFolder], input);

    /// <summary>The shadow as the gateway has it; null when it has none.</summary>
    private static async Task<ShadowInfo?> FogAsync(Installation installation, StrataProcess fog)
    {
        using var http = FogClient(fog);
        try
        {
            return await new StrataClient(http, await FogTokenAsync(installation)).GetShadowAsync("d-1", cancellationToken: Cancelled);
        }
        catch (StrataApiException missing) when (missing.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    private static async Task<HttpStatusCode> PatchFogAsync(Installation installation, StrataProcess fog, string json)
    {
        using var http = FogClient(fog);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await FogTokenAsync(installation));
        using var answer = await http.PatchAsync("api/v1/devices/d-1/shadow", new StringContent(json, Encoding.UTF8, "application/json"), Cancelled);
        return answer.StatusCode;
    }

    private static HttpClient FogClient(StrataProcess fog) => new(new SocketsHttpHandler()) { BaseAddress = new Uri($"http://{fog.Ready["http"]}/"), Timeout = TimeSpan.FromSeconds(30) };

    private static async Task<string> FogTokenAsync(Installation installation) => (await File.ReadAllTextAsync(Path.Combine(installation.Folder, "gw-a", "admin.token"), Cancelled)).Trim();
}
