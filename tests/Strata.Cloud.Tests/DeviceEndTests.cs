using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MQTTnet;
using MQTTnet.Protocol;
using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Mqtt;

namespace Strata.Cloud.Tests;

/// <summary>How devices go, and who is told of their steps, by API and MQTT of a real node.</summary>
public abstract class DeviceEndTests(RunningCloud cloud)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_device_is_wiped_by_its_own_word_loses_its_identity_and_the_proof_is_signed()
    {
        var secret = (await cloud.Client.CreateDeviceAsync(new CreateDevice("end-1", "end/floor") { Serial = "S-1" }, Cancelled)).Secret;
        await cloud.Client.MoveDeviceAsync("end-1", new MoveDevice("active"), cancellationToken: Cancelled);
        using (var certified = ECDsa.Create(ECCurve.NamedCurves.nistP256))
            await cloud.Client.IssueCertificateAsync("end-1", new IssueCertificateRequest(new CertificateRequest("CN=end-1", certified, HashAlgorithmName.SHA256).CreateSigningRequestPem()), Cancelled);
        using var device = await ConnectAsync("end-1", secret);
        var acknowledged = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        device.ApplicationMessageReceivedAsync += async e =>
        {
            if (e.ApplicationMessage.Topic.StartsWith("devices/end-1/commands/wipe/", StringComparison.Ordinal) && !e.ApplicationMessage.Topic.EndsWith("/response", StringComparison.Ordinal))
            {
                // Its key goes when this is acknowledged: then the proof must be kept.
                await device.PublishStringAsync(e.ApplicationMessage.Topic + "/response", """{"erased":["key","log"]}""", MqttQualityOfServiceLevel.AtLeastOnce);
                acknowledged.TrySetResult((await cloud.Client.GetDecommissionAsync("end-1", Cancelled)).WipeProof);
            }
        };
        await device.SubscribeAsync("devices/end-1/commands/#", MqttQualityOfServiceLevel.AtLeastOnce, Cancelled);

        var begun = await cloud.Client.BeginDecommissionAsync("end-1", new BeginDecommission("scrapped", WipeWithin: TimeSpan.FromMinutes(1)), Cancelled);
        Assert.Equal("draining", begun.State);
        Assert.Equal(HttpStatusCode.Conflict, (await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.BeginDecommissionAsync("end-1", new BeginDecommission(), Cancelled))).StatusCode);
        var done = await EndedAsync("end-1");
        Assert.Equal("""{"erased":["key","log"]}""", done.WipeProof);
        Assert.Equal(done.WipeProof, await acknowledged.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancelled));
        Assert.Equal("decommissioned", (await cloud.Client.GetDeviceAsync("end-1", Cancelled)).State);
        using var again = new MqttClientFactory().CreateMqttClient();
        var refused = await again.ConnectAsync(new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", cloud.Node.Mqtt.Port).WithCredentials("end-1", secret).Build(), Cancelled);
        Assert.NotEqual(MqttClientConnectResultCode.Success, refused.ResultCode);

        var certificate = await cloud.Client.GetErasureAsync("end-1", Cancelled);
        using var key = ECDsa.Create();
        key.ImportFromPem(await cloud.Client.GetErasureKeyAsync(Cancelled));
        using var statement = JsonDocument.Parse(ErasureCertificate.Verify(certificate, key)!);
        Assert.Equal(("end-1", "S-1", "scrapped"), (statement.RootElement.GetProperty("device").GetString(), statement.RootElement.GetProperty("serial").GetString(), statement.RootElement.GetProperty("cause").GetString()));
        Assert.Equal(1, statement.RootElement.GetProperty("identity").GetProperty("certificatesRevoked").GetInt32());
        Assert.Equal("revoked", Assert.Single((await cloud.Client.ListCertificatesAsync("end-1", cancellationToken: Cancelled)).Items).Standing);
        Assert.Contains("erased", statement.RootElement.GetProperty("wipe").GetProperty("proof").GetString(), StringComparison.Ordinal);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Null(ErasureCertificate.Verify(certificate, other));
        using var parts = JsonDocument.Parse(certificate);
        var payload = parts.RootElement.GetProperty("payload").GetString()!;
        Assert.Null(ErasureCertificate.Verify(certificate.Replace(payload, System.Buffers.Text.Base64Url.EncodeToString("{}"u8), StringComparison.Ordinal), key));
        // The name is free.
        Assert.NotEqual(secret, (await cloud.Client.CreateDeviceAsync(new CreateDevice("end-1"), Cancelled)).Secret);
    }

    [Fact]
    public async Task A_device_that_does_not_answer_goes_at_the_deadline_and_the_certificate_says_so()
    {
        await cloud.Client.CreateDeviceAsync(new CreateDevice("end-2"), Cancelled);
        await cloud.Client.BeginDecommissionAsync("end-2", new BeginDecommission(WipeWithin: TimeSpan.FromSeconds(1)), Cancelled);
        var done = await EndedAsync("end-2");
        Assert.NotNull(done.WipeAsked);
        Assert.Null(done.WipeProved);
    }

    [Fact]
    public async Task What_is_queued_for_it_is_waited_for_and_the_certificate_says_what_it_did_not_get()
    {
        var broker = cloud.Node.Services.GetRequiredService<MqttBroker>();
        foreach (var (device, comes) in ((string, bool)[])[("drain-1", true), ("drain-2", false)])
        {
            var secret = (await cloud.Client.CreateDeviceAsync(new CreateDevice(device), Cancelled)).Secret;
            await cloud.Client.MoveDeviceAsync(device, new MoveDevice("active"), cancellationToken: Cancelled);
            var got = System.Threading.Channels.Channel.CreateUnbounded<string>();
            using var client = new MqttClientFactory().CreateMqttClient();
            client.ApplicationMessageReceivedAsync += e =>
            {
                got.Writer.TryWrite(e.ApplicationMessage.Topic);
                return Task.CompletedTask;
            };
            var options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", cloud.Node.Mqtt.Port).WithCredentials(device, secret).WithClientId(device).WithCleanStart(false).WithSessionExpiryInterval(3_600).Build();
            await client.ConnectAsync(options, Cancelled);
            await client.SubscribeAsync($"devices/{device}/jobs/#", MqttQualityOfServiceLevel.AtLeastOnce, Cancelled);
            await client.DisconnectAsync(cancellationToken: Cancelled);
            for (var i = 0; i < 3; i++)
                broker.Publish("main", Encoding.UTF8.GetBytes($"devices/{device}/jobs/{i}"), "{}"u8, qos: 1);

            await cloud.Client.BeginDecommissionAsync(device, new BeginDecommission(Drain: comes ? TimeSpan.FromMinutes(10) : TimeSpan.FromSeconds(3), WipeWithin: TimeSpan.Zero), Cancelled);
            if (comes)
            {
                // It does not go on while something waits.
                await Task.Delay(TimeSpan.FromSeconds(2.5), TimeProvider.System, Cancelled);
                Assert.Equal("draining", (await cloud.Client.GetDecommissionAsync(device, Cancelled)).State);
                await client.ConnectAsync(options, Cancelled);
                for (var i = 0; i < 3; i++)
                    Assert.Equal($"devices/{device}/jobs/{i}", await got.Reader.ReadAsync(Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancelled));
            }
            var done = await EndedAsync(device); // Ten minutes are not over.
            Assert.Equal(comes ? 0 : 3, done.Undelivered);
            using var key = ECDsa.Create();
            key.ImportFromPem(await cloud.Client.GetErasureKeyAsync(Cancelled));
            using var statement = JsonDocument.Parse(ErasureCertificate.Verify(await cloud.Client.GetErasureAsync(device, Cancelled), key)!);
            var queue = statement.RootElement.GetProperty("queue");
            Assert.Equal((comes ? 0 : 3, comes), (queue.GetProperty("undelivered").GetInt32(), queue.GetProperty("drained").ValueKind == JsonValueKind.String));
        }
    }

    [Fact]
    public async Task Another_unit_takes_the_place_of_a_broken_one_with_its_history()
    {
        await cloud.Client.CreateDeviceAsync(new CreateDevice("old-1", "end/floor", "P1", TimeSpan.FromHours(1)) { Tags = new Dictionary<string, string> { ["owner"] = "facility" }, Serial = "S-old" }, Cancelled);
        await cloud.Client.MoveDeviceAsync("old-1", new MoveDevice("active"), cancellationToken: Cancelled);
        await cloud.Client.CreateDeviceAsync(new CreateDevice("new-1") { Serial = "S-new" }, Cancelled);
        var unit = await cloud.Client.SwapDeviceAsync("old-1", new SwapDevice("new-1", "water"), Cancelled);
        Assert.Equal(("end/floor", "P1", TimeSpan.FromHours(1), "S-new", "facility", "old-1"), (unit.Site, unit.Model, unit.Heartbeat, unit.Serial, unit.Tags["owner"], unit.Tags["replaces"]));
        Assert.Equal(("decommissioned", "replaced by new-1: water"), (await cloud.Client.GetDeviceAsync("old-1", Cancelled)) is var old ? (old.State, old.Cause) : default);
        var history = await cloud.Client.GetDeviceHistoryAsync("new-1", Cancelled);
        Assert.Equal([null, "old-1", "old-1", "old-1"], history.Steps.Select(s => s.Device));
        Assert.Equal(HttpStatusCode.Conflict, (await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.SwapDeviceAsync("old-1", new SwapDevice("new-1"), Cancelled))).StatusCode);
        Assert.Equal("new", (await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.SwapDeviceAsync("new-1", new SwapDevice("none"), Cancelled))).Field);
    }

    [Fact]
    public async Task Each_step_is_told_on_fleet_lifecycle_and_to_a_hook_that_can_check_who_says_it()
    {
        var posted = System.Threading.Channels.Channel.CreateUnbounded<(string Signature, string Body)>();
        // The first time it is refused, and comes again.
        var answers = new Queue<int>([503, 204]);
        await using var pager = await TestHook.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync(Cancelled);
            context.Response.StatusCode = answers.Dequeue();
            posted.Writer.TryWrite((context.Request.Headers["Strata-Signature"].ToString(), body));
        }, Cancelled);
        var hook = await cloud.Client.PutHookAsync("pager", new SaveHook($"{pager.Urls.Single()}/hook", ["degraded"]), Cancelled);
        Assert.Null((await cloud.Client.ListHooksAsync(Cancelled)).Items.Single(h => h.Name == "pager").Secret);
        foreach (var url in new[] { "http://example.com/", "ftp://127.0.0.1/", "https://user@example.com/", "nothing" })
            Assert.Equal("url", (await Assert.ThrowsAsync<StrataApiException>(() => cloud.Client.PutHookAsync("wrong", new SaveHook(url), Cancelled))).Field);

        using var application = await ConnectAsync("app", cloud.Node.AdminToken);
        var told = System.Threading.Channels.Channel.CreateUnbounded<string>();
        application.ApplicationMessageReceivedAsync += e =>
        {
            var text = e.ApplicationMessage.ConvertPayloadToString();
            if (text.Contains("\"told-1\"", StringComparison.Ordinal))
                told.Writer.TryWrite(text);
            return Task.CompletedTask;
        };
        await application.SubscribeAsync("fleet/lifecycle", MqttQualityOfServiceLevel.AtLeastOnce, Cancelled);
        await cloud.Client.CreateDeviceAsync(new CreateDevice("told-1"), Cancelled);
        await cloud.Client.MoveDeviceAsync("told-1", new MoveDevice("active"), cancellationToken: Cancelled);
        await cloud.Client.MoveDeviceAsync("told-1", new MoveDevice("degraded", "a test"), cancellationToken: Cancelled);

        List<string> steps = [];
        while (steps.Count < 3)
        {
            using var step = JsonDocument.Parse(await told.Reader.ReadAsync(Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancelled));
            Assert.True(step.RootElement.GetProperty("at").TryGetDateTimeOffset(out _));
            steps.Add($"{step.RootElement.GetProperty("from")}>{step.RootElement.GetProperty("to")}: {step.RootElement.GetProperty("cause")}");
        }
        Assert.Equal(["unprovisioned>provisioning: registered", "provisioning>active: asked for by admin", "active>degraded: a test"], steps);

        for (var round = 0; round < 2; round++)
        {
            var (signature, body) = await posted.Reader.ReadAsync(Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancelled);
            Assert.Contains("\"degraded\"", body, StringComparison.Ordinal);
            var parts = signature.Split(',');
            var expected = HMACSHA256.HashData(Encoding.UTF8.GetBytes(hook.Secret!), Encoding.UTF8.GetBytes($"{parts[0][2..]}.{body}"));
            Assert.Equal(Convert.ToHexStringLower(expected), parts[1][3..]);
        }
        await cloud.Client.DeleteHookAsync("pager", Cancelled);
    }

    private async Task<DecommissionInfo> EndedAsync(string device)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            var info = await cloud.Client.GetDecommissionAsync(device, limit.Token);
            if (info.State == "done")
                return info;
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, limit.Token);
        }
    }

    private async Task<IMqttClient> ConnectAsync(string user, string password)
    {
        var client = new MqttClientFactory().CreateMqttClient();
        await client.ConnectAsync(
            new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", cloud.Node.Mqtt.Port).WithCredentials(user, password).WithClientId(Guid.NewGuid().ToString("N")).Build(), Cancelled);
        return client;
    }
}

public sealed class DeviceEndInFilesTests(RunningCloud cloud) : DeviceEndTests(cloud), IClassFixture<RunningCloud>;

public sealed class DeviceEndInPostgresTests(RunningCloudOnPostgres cloud) : DeviceEndTests(cloud), IClassFixture<RunningCloudOnPostgres>;
