using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Testing;

namespace Strata.Cloud.Tests.Shadows;

public sealed class ShadowMqttInFilesTests(RunningCloud cloud) : ShadowMqttTests(cloud), IClassFixture<RunningCloud>;

public sealed class ShadowMqttInPostgresTests(RunningCloudOnPostgres cloud) : ShadowMqttTests(cloud), IClassFixture<RunningCloudOnPostgres>;

/// <summary>Shadows as devices see them.</summary>
public abstract class ShadowMqttTests(RunningCloud cloud)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private int Port => cloud.Node.Mqtt.Port;

    [Fact]
    public async Task A_device_reports_gets_and_hears_what_it_has_yet_to_follow()
    {
        var secret = await cloud.Client.CreateDeviceAsync(new CreateDevice("mq-1"), Cancelled);
        await using var device = await ShadowDevice.ConnectAsync(Port, secret, false, "shadow/get/+", "shadow/update/accepted", "shadow/update/rejected", "shadow/update/delta");
        await device.PublishAsync("shadow/get", """{"clientToken":"g0"}""");
        var none = await device.NextAsync("shadow/get/rejected");
        Assert.Equal((404, "g0"), (none.GetProperty("code").GetInt32(), none.GetProperty("clientToken").GetString()));

        await device.PublishAsync("shadow/update", """{"state":{"reported":{"temp":20}},"clientToken":"u1"}""");
        var accepted = await device.NextAsync("shadow/update/accepted");
        Assert.Equal((1, "u1", """{"reported":{"temp":20}}"""), (accepted.GetProperty("version").GetInt32(), accepted.GetProperty("clientToken").GetString(), accepted.GetProperty("state").GetRawText()));

        await cloud.Client.UpdateShadowAsync("mq-1", """{"state":{"desired":{"temp":22,"mode":"eco"},"tags":{"owner":"bob"}}}""", cancellationToken: Cancelled);
        var delta = await device.NextAsync("shadow/update/delta");
        Assert.Equal((2, """{"mode":"eco","temp":22}"""), (delta.GetProperty("version").GetInt32(), delta.GetProperty("state").GetRawText()));

        await device.PublishAsync("shadow/update", """{"state":{"reported":{"temp":22,"mode":"eco"}}}""");
        Assert.Equal(3, (await device.NextAsync("shadow/update/accepted")).GetProperty("version").GetInt32());
        await device.PublishAsync("shadow/get", "");
        var got = await device.NextAsync("shadow/get/accepted"); // And no delta before it: it follows.
        Assert.Equal("""{"desired":{"mode":"eco","temp":22},"reported":{"mode":"eco","temp":22}}""", got.GetProperty("state").GetRawText());
        Assert.DoesNotContain("bob", got.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_device_may_not_say_is_rejected_with_a_code_and_changes_nothing()
    {
        var secret = await cloud.Client.CreateDeviceAsync(new CreateDevice("mq-2"), Cancelled);
        await using var device = await ShadowDevice.ConnectAsync(Port, secret, false, "shadow/#");
        await device.PublishAsync("shadow/update", """{"state":{"reported":{"a":1}}}""");
        await device.NextAsync("shadow/update/accepted");
        await device.NextAsync("shadow/update/documents");
        foreach (var (topic, payload, code) in new[]
        {
            ("update", """{"state":{"desired":{"a":1}}}""", 403), ("update", """{"state":{"tags":{"a":1}}}""", 403), ("update", """{"state":{"reported":{"a":2}},"version":7}""", 409), ("update", "{", 400),
            ("update", ("{\"state\":{\"reported\":{\"a\":\"" + new string('x', 33_000) + "\"}}}"), 413), ("delete", "{}", 403), ("update", new string('x', 40_000), 413),
        })
        {
            await device.PublishAsync($"shadow/{topic}", payload);
            var rejected = await device.NextAsync($"shadow/{topic}/rejected");
            Assert.Equal(code, rejected.GetProperty("code").GetInt32());
            if (code == 409)
                Assert.Equal(1, rejected.GetProperty("version").GetInt32());
        }
        Assert.False((await device.PublishAsync("shadow/updat", "{}")).IsSuccess);
        Assert.False((await device.PublishAsync("shadow/name/a b/update", "{}")).IsSuccess);
        Assert.Equal(1, (await cloud.Client.GetShadowAsync("mq-2", cancellationToken: Cancelled)).Version);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_device_that_missed_ten_changes_sees_one_delta_the_current(bool keepsItsSession)
    {
        var id = $"mq-away-{keepsItsSession}";
        var secret = await cloud.Client.CreateDeviceAsync(new CreateDevice(id), Cancelled);
        await using (var before = await ShadowDevice.ConnectAsync(Port, secret, keepsItsSession, "shadow/#"))
            await before.EndAsync();
        await DisconnectedAsync(id);
        for (var n = 1; n <= 10; n++)
            await cloud.Client.UpdateShadowAsync(id, ("{\"state\":{\"desired\":{\"n\":" + n + "}}}"), cancellationToken: Cancelled);
        // A session that is resumed listens by itself.
        await using var device = await ShadowDevice.ConnectAsync(Port, secret, keepsItsSession, keepsItsSession ? [] : ["shadow/#", "shadow/update/delta"]);
        var delta = await device.NextAsync("shadow/update/delta");
        Assert.Equal((10, """{"n":10}"""), (delta.GetProperty("version").GetInt32(), delta.GetProperty("state").GetRawText()));
        await device.PublishAsync("shadow/get", "{}");
        await device.NextAsync("shadow/get/accepted"); // Nothing else came in between.
    }

    [Fact]
    public async Task Each_of_a_device_s_connections_is_told_when_it_begins_to_listen_and_not_when_it_does_again()
    {
        var secret = await cloud.Client.CreateDeviceAsync(new CreateDevice("mq-twice"), Cancelled);
        await cloud.Client.UpdateShadowAsync("mq-twice", """{"state":{"desired":{"n":1}}}""", cancellationToken: Cancelled);
        await using var first = await ShadowDevice.ConnectAsync(Port, secret, false, "shadow/get/+");
        await using var second = await ShadowDevice.ConnectAsync(Port, secret, false, "shadow/update/delta");
        Assert.Equal(1, (await second.NextAsync("shadow/update/delta")).GetProperty("version").GetInt32());
        await first.SubscribeAsync("shadow/update/delta");
        Assert.Equal(1, (await first.NextAsync("shadow/update/delta")).GetProperty("version").GetInt32());
        await first.SubscribeAsync("shadow/update/delta");
        await first.PublishAsync("shadow/get", "{}");
        await first.NextAsync("shadow/get/accepted"); // Nothing else came in between.
    }

    [Fact]
    public async Task Named_shadows_are_apart_and_applications_see_every_change()
    {
        var secret = await cloud.Client.CreateDeviceAsync(new CreateDevice("mq-3"), Cancelled);
        await using var app = await ShadowDevice.ConnectAsync(Port, "mq-3", "app", cloud.Node.AdminToken, false, "shadow/name/+/update/documents");
        await using var device = await ShadowDevice.ConnectAsync(Port, secret, false, "shadow/name/wifi/update/delta", "shadow/name/wifi/update/accepted");
        await cloud.Client.UpdateShadowAsync("mq-3", """{"state":{"desired":{"ssid":"x"}}}""", "wifi", cancellationToken: Cancelled);
        Assert.Equal("""{"ssid":"x"}""", (await device.NextAsync("shadow/name/wifi/update/delta")).GetProperty("state").GetRawText());
        var documents = await app.NextAsync("shadow/name/wifi/update/documents");
        Assert.Equal((0, 1), (documents.GetProperty("previous").GetProperty("version").GetInt32(), documents.GetProperty("current").GetProperty("version").GetInt32()));
        await device.PublishAsync("shadow/name/wifi/update", """{"state":{"reported":{"ssid":"x"}}}""");
        await device.NextAsync("shadow/name/wifi/update/accepted");
        Assert.Equal(["wifi"], (await cloud.Client.ListShadowsAsync("mq-3", Cancelled)).Items);
    }

    [Fact]
    public async Task Mosquitto_s_clients_speak_of_shadows_too()
    {
        var client = ForeignTool.Require("mosquitto_rr");
        var secret = await cloud.Client.CreateDeviceAsync(new CreateDevice("mq-4"), Cancelled);
        var answer = await ForeignTool.RunAsync(
            client, "-h", "127.0.0.1", "-p", $"{Port}", "-u", "mq-4", "-P", secret.Secret!, "-V", "5", "-q", "1", "-t", "devices/mq-4/shadow/update", "-e", "devices/mq-4/shadow/update/accepted", "-m",
            """{"state":{"reported":{"a":1}}}""", "-W", "10");
        Assert.Equal(1, JsonDocument.Parse(answer.Output).RootElement.GetProperty("version").GetInt32());
    }

    private async Task DisconnectedAsync(string device)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        deadline.CancelAfter(TimeSpan.FromSeconds(20));
        var host = (Strata.Node.Ingest.TelemetryMqttHost)cloud.Node.Services.GetService(typeof(Strata.Node.Ingest.TelemetryMqttHost))!;
        while (host.IsConnected(Strata.Core.Tenancy.TenantId.Main, Strata.Core.Devices.DeviceId.Parse(device)))
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
