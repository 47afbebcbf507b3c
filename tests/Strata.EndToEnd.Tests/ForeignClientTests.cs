using System.Net.Http.Json;
using Strata.Cloud.Contracts;

namespace Strata.EndToEnd.Tests;

/// <summary>Clients we did not write, against a real cloud node.</summary>
public sealed class ForeignClientTests
{
    [Theory]
    [InlineData("mqttv311")]
    [InlineData("mqttv5")]
    public async Task Mosquitto_pub_is_acknowledged_and_its_reading_can_be_read(string version)
    {
        Tool.Require("mosquitto_pub");
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var device = await installation.Client.CreateDeviceAsync(new CreateDevice("t-101"));
        var sent = await PublishAsync(installation, device, version, """{"temperature":22.4,"occupied":true,"note":"hello"}""");
        Assert.Equal(0, sent.ExitCode);
        var items = (await installation.Client.ListReadingsAsync(new ReadingsQuery { Devices = ["t-101"] })).Items;
        Assert.Equal(["note", "occupied", "temperature"], items.Select(r => r.Metric).Order());
        Assert.Equal(22.4, items.Single(r => r.Metric == "temperature").Value.GetDouble());
    }

    [Fact]
    public async Task Mosquitto_sub_as_the_device_sees_only_its_own_topics()
    {
        Tool.Require("mosquitto_sub");
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var device = await installation.Client.CreateDeviceAsync(new CreateDevice("t-101"));
        await installation.Client.CreateDeviceAsync(new CreateDevice("t-102"));
        var foreign = await Tool.RunAsync("mosquitto_sub", [.. Connection(installation, device, "mqttv311"), "-t", "devices/t-102/#", "-W", "20"]);
        Assert.Contains("denied", foreign.Output + foreign.Error);
        using var own = Tool.Start("mosquitto_sub", [.. Connection(installation, device, "mqttv5"), "-t", "devices/t-101/#", "-C", "1", "-W", "20"]);
        string received = "";
        await Eventually.IsAsync(async () =>
        {
            await PublishAsync(installation, device, "mqttv5", """{"temperature":1}""");
            received = own.HasExited ? await own.StandardOutput.ReadToEndAsync() : "";
            return received;
        }, r => r.Length > 0, "mosquitto_sub to print the device's own reading");
        Assert.Contains("\"temperature\":1", received);
    }

    [Fact]
    public async Task Wrong_secrets_and_bad_payloads_are_refused_and_can_be_found()
    {
        Tool.Require("mosquitto_pub");
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var device = await installation.Client.CreateDeviceAsync(new CreateDevice("t-101"));
        var wrong = await PublishAsync(installation, device with { Secret = "wrong" }, "mqttv5", "{}");
        var stranger = await PublishAsync(installation, device with { Id = "stranger" }, "mqttv311", "{}");
        var bad = await PublishAsync(installation, device, "mqttv5", """{"temperature":null}""");
        Assert.NotEqual(0, wrong.ExitCode);
        Assert.NotEqual(0, stranger.ExitCode);
        var rejected = (await installation.Client.ListRejectionsAsync()).Items;
        Assert.Contains(rejected, r => r.Subject == "stranger" && r.Kind == "authentication");
        Assert.Contains(rejected, r => r.Subject == "t-101" && r.Kind == "payload" && r.Reason.Contains("byte", StringComparison.Ordinal));
        Assert.Equal(0, (await installation.Client.CountReadingsAsync()).Count);
        Assert.Contains("byte 15", bad.Output + bad.Error);
    }

    [Fact]
    public async Task Curl_posts_a_reading_and_gets_204_after_the_commit()
    {
        Tool.Require("curl");
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var device = await installation.Client.CreateDeviceAsync(new CreateDevice("t-101"));
        var url = $"{installation.CloudHttp}/api/v1/devices/t-101/telemetry";
        var sent = await Tool.RunAsync("curl", ["-s", "-o", "/dev/null", "-w", "%{http_code}", "-u", $"t-101:{device.Secret}", "-H", "Content-Type: application/json", "-d", """{"temperature":20}""", url]);
        var malformed = await Tool.RunAsync("curl", ["-s", "-u", $"t-101:{device.Secret}", "-H", "Content-Type: application/json", "-d", """{"temperature":[1]}""", url]);
        var senml = await Tool.RunAsync("curl", ["-s", "-o", "/dev/null", "-w", "%{http_code}", "-u", $"t-101:{device.Secret}", "-H", "Content-Type: application/senml+json", "-d", """[{"n":"humidity","v":40}]""", url]);
        Assert.Equal("204", sent.Output);
        Assert.Equal("204", senml.Output);
        Assert.Contains("\"status\":400", malformed.Output);
        Assert.Equal(2, (await installation.Client.CountReadingsAsync()).Count);
    }

    [Fact]
    public async Task Another_device_s_address_is_refused_over_http()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var device = await installation.Client.CreateDeviceAsync(new CreateDevice("t-101"));
        await installation.Client.CreateDeviceAsync(new CreateDevice("t-102"));
        using var http = new HttpClient(new SocketsHttpHandler());
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{installation.CloudHttp}/api/v1/devices/t-102/telemetry") { Content = JsonContent.Create(new { temperature = 1 }) };
        request.Headers.Authorization = Installation.Basic("t-101", device.Secret);
        using var answer = await http.SendAsync(request);
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, answer.StatusCode);
    }

    private static string[] Connection(Installation installation, DeviceSecret device, string version) =>
        ["-h", "127.0.0.1", "-p", installation.CloudMqttPort.ToString(), "-u", device.Id, "-P", device.Secret, "-V", version];

    private static Task<Tool.Outcome> PublishAsync(Installation installation, DeviceSecret device, string version, string payload) =>
        Tool.RunAsync("mosquitto_pub", [.. Connection(installation, device, version), "-q", "1", "-t", $"devices/{device.Id}/telemetry", "-m", payload]);
}
