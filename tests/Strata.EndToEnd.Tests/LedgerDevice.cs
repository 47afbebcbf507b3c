using System.Text;
using MQTTnet;
using MQTTnet.Exceptions;
using MQTTnet.Protocol;

namespace Strata.EndToEnd.Tests;

/// <summary>
/// A foreign client (MQTTnet) that sends numbered readings with QoS 1, each again until it is acknowledged, over whatever happens to the node, and keeps the ledger of
/// what was acknowledged. Reading number n has the time start + n ms and the value n.
/// </summary>
internal sealed class LedgerDevice(string id, string secret, Func<int> port, string? tenant = null)
{
    private readonly string user = tenant is null ? id : $"{tenant}/{id}";
    private volatile bool ending;
    private bool inFlight;
    private Task running = Task.CompletedTask;

    public string Id => id;

    /// <summary>All numbers below it were acknowledged.</summary>
    public long Acknowledged { get; private set; }

    public DateTimeOffset Start { get; } = DateTimeOffset.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().AddHours(-12).ToUnixTimeMilliseconds());

    public void Begin() => running = RunAsync();

    /// <summary>Ends after the reading in flight is acknowledged.</summary>
    public async Task EndAsync()
    {
        ending = true;
        await running;
    }

    private async Task RunAsync()
    {
        var factory = new MqttClientFactory();
        while (!ending || inFlight)
        {
            try
            {
                // A connection that breaks may also make it throw when it is disposed of.
                using var client = factory.CreateMqttClient();
                var options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", port()).WithClientId(user).WithCredentials(user, secret)
                    .WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V500).WithTimeout(TimeSpan.FromSeconds(10)).Build();
                await client.ConnectAsync(options);
                while (!ending || inFlight)
                    await SendNextAsync(client);
                await client.DisconnectAsync();
            }
            catch (Exception e) when (e is MqttCommunicationException or OperationCanceledException or MqttClientNotConnectedException or InvalidOperationException)
            {
                // The node was killed or refused for a while: the reading in flight is sent again.
                await Task.Delay(TimeSpan.FromMilliseconds(30), TimeProvider.System);
            }
        }
    }

    private async Task SendNextAsync(IMqttClient client)
    {
        inFlight = true;
        var number = Acknowledged;
        var payload = $$$"""{"ts":{{{(Start.AddMilliseconds(number)).ToUnixTimeMilliseconds()}}},"values":{"n":{{{number}}}}}""";
        var message = new MqttApplicationMessageBuilder().WithTopic($"devices/{id}/telemetry").WithPayload(Encoding.UTF8.GetBytes(payload))
            .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build();
        var answer = await client.PublishAsync(message);
        Assert.True(answer.IsSuccess, $"{id}: reading {number} was refused: {answer.ReasonCode} {answer.ReasonString}");
        Acknowledged = number + 1;
        inFlight = false;
    }
}
