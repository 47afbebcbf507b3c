using MQTTnet;
using MQTTnet.Protocol;
using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Telemetry;

namespace Strata.Cloud.Tests.Access;

/// <summary>Every topic filter and the live stream, as every role with and without a scope: what is beyond does not arrive, what is within does.</summary>
[Collection(nameof(AttackedCloud))] // One after the other: the targets' tokens are those of the newest node.
public sealed class AttackStreamsTests(AttackedCloud attacked) : IClassFixture<AttackedCloud>
{
    private static readonly Target[] Targets = [AttackedCloud.Quartz, AttackedCloud.Basalt, AttackedCloud.Onyx];

    private static readonly string[] Filters =
    [
        "#", "+/#", "devices/#", "devices/+/telemetry", "devices/+/note", "sites/#", "sites/+/+/windows", "fleet/#", "$share/g/devices/#", "$SYS/#",
        .. Targets.SelectMany(t => new[] { $"devices/{t.Device}/#", $"sites/{t.Site}/windows", $"+/{t.Device}/#" }),
    ];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_topic_filter_finds_what_lies_beyond()
    {
        var listeners = new List<(Attacker Attacker, IMqttClient Client, List<string> Heard, TaskCompletionSource Last)>();
        await PublishAsync("note", "kept", retain: true);
        foreach (var attacker in attacked.Attackers.Where(a => a.Principal?.Kind == PrincipalKind.Token))
            listeners.Add(await ListenAsync(attacker));
        await PublishAsync("telemetry", "1", retain: false);
        await PublishAsync("note", "last", retain: false);
        foreach (var (attacker, client, heard, last) in listeners)
        {
            await last.Task.WaitAsync(Patience, Cancelled);
            List<string> all;
            lock (heard)
                all = [.. heard];
            Assert.DoesNotContain(all, h => Targets.Any(t => !attacker.Sees.Contains(t.Word) && h.Contains(t.Word, StringComparison.Ordinal)));
            foreach (var word in attacker.Sees)
                Assert.All(new[] { $"d-{word}/note kept", $"d-{word}/telemetry" }, part => Assert.Contains(all, h => h.Contains(part, StringComparison.Ordinal)));
            await client.DisconnectAsync(cancellationToken: Cancelled);
            client.Dispose();
        }
    }

    [Fact]
    public async Task The_live_stream_shows_what_lies_within_and_ends_with_its_token()
    {
        foreach (var attacker in attacked.Attackers.Where(a => a.Principal?.Kind == PrincipalKind.Token))
        {
            using var http = attacked.Cloud.NewClient();
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/live");
            request.Headers.Authorization = attacker.Credentials;
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Cancelled));
            await lines.ReadLineAsync(Cancelled).AsTask().WaitAsync(Patience, Cancelled);
            foreach (var target in Targets)
                await CommitAsync(target == AttackedCloud.Onyx ? AttackedCloud.Rival : AttackedCloud.Acme, target);
            var seen = new HashSet<string>();
            while (seen.Count < attacker.Sees.Length && await lines.ReadLineAsync(Cancelled).AsTask().WaitAsync(Patience, Cancelled) is { } line)
            {
                Assert.DoesNotContain(Targets, t => !attacker.Sees.Contains(t.Word) && line.Contains(t.Word, StringComparison.Ordinal));
                seen.UnionWith(attacker.Sees.Where(w => line.Contains(w, StringComparison.Ordinal)));
            }
        }
    }

    [Fact]
    public async Task A_revoked_token_ends_its_stream_and_its_MQTT_session_at_once()
    {
        var client = attacked.ClientOf(AttackedCloud.Acme);
        var token = await client.CreateTokenAsync(new CreateToken([new GrantInfo("viewer")], "short-lived"), Cancelled);
        using var http = attacked.Cloud.NewClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/live");
        request.Headers.Authorization = new("Bearer", token.Token);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Cancelled));
        using var mqtt = new MqttClientFactory().CreateMqttClient();
        var gone = new TaskCompletionSource();
        mqtt.DisconnectedAsync += _ => Task.FromResult(gone.TrySetResult());
        await mqtt.ConnectAsync(Options("app", token.Token), Cancelled);

        await client.RevokeTokenAsync(token.Id, Cancelled);

        await lines.ReadToEndAsync(Cancelled).WaitAsync(Patience, Cancelled);
        await gone.Task.WaitAsync(Patience, Cancelled);
        using var again = new HttpRequestMessage(HttpMethod.Get, "/api/v1/devices");
        again.Headers.Authorization = new("Bearer", token.Token);
        using var refused = await http.SendAsync(again, Cancelled);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    private async Task<(Attacker, IMqttClient, List<string>, TaskCompletionSource)> ListenAsync(Attacker attacker)
    {
        var (client, heard, last) = (new MqttClientFactory().CreateMqttClient(), new List<string>(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var missing = attacker.Sees.ToHashSet();
        client.ApplicationMessageReceivedAsync += args =>
        {
            var said = $"{args.ApplicationMessage.Topic} {args.ApplicationMessage.ConvertPayloadToString()}";
            lock (heard)
            {
                heard.Add(said);
                if (said.EndsWith(" last", StringComparison.Ordinal))
                    missing.RemoveWhere(w => said.Contains(w, StringComparison.Ordinal));
                if (missing.Count == 0)
                    last.TrySetResult();
            }
            return Task.CompletedTask;
        };
        await client.ConnectAsync(Options("app", attacker.Credentials!.Parameter!), Cancelled);
        foreach (var filter in Filters)
            await client.SubscribeAsync(filter, MqttQualityOfServiceLevel.AtLeastOnce, Cancelled);
        return (attacker, client, heard, last);
    }

    private async Task PublishAsync(string topic, string payload, bool retain)
    {
        foreach (var target in Targets)
        {
            using var device = new MqttClientFactory().CreateMqttClient();
            await device.ConnectAsync(Options($"{(target == AttackedCloud.Onyx ? AttackedCloud.Rival : AttackedCloud.Acme)}/{target.Device}", attacked.DeviceSecrets[target.Device]), Cancelled);
            var message = new MqttApplicationMessageBuilder().WithTopic($"devices/{target.Device}/{topic}").WithPayload(topic == "telemetry" ? $"{{\"{target.Metric}\":{payload}}}" : payload)
                .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).WithRetainFlag(retain).Build();
            await device.PublishAsync(message, Cancelled);
            await device.DisconnectAsync(cancellationToken: Cancelled);
        }
    }

    private Task CommitAsync(TenantId tenant, Target target)
    {
        var batch = new ReadingBatch();
        batch.BeginMessage();
        batch.Add(new Reading(DeviceId.Parse(target.Device), MetricName.Parse(target.Metric), EventTime.From(DateTimeOffset.UnixEpoch.AddDays(20_000)), ReadingValue.OfNumber(1)));
        batch.EndMessage();
        return attacked.Cloud.CommitAsync(new TelemetryWrite { Tenant = tenant, Readings = batch });
    }

    private MqttClientOptions Options(string user, string password) => new MqttClientOptionsBuilder()
        .WithTcpServer("127.0.0.1", attacked.Cloud.Node.Mqtt.Port).WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V500).WithCredentials(user, password).Build();
}
