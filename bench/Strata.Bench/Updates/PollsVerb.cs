using System.Diagnostics;
using MQTTnet;
using MQTTnet.Protocol;
using Strata.Bench.Node;
using Strata.Cloud.Contracts;

namespace Strata.Bench.Updates;

/// <summary>
/// Devices that ask for their next job over MQTT, each as soon as it was answered, against a whole cloud node on one processor; nobody has one, which is the usual answer. A million devices
/// that ask every five minutes are 3,333 a second.
/// </summary>
internal static class PollsVerb
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var (connections, seconds) = (arguments.Number("connections", 200), arguments.Number("seconds", 10));
        var root = Directory.CreateTempSubdirectory("strata-bench-");
        try
        {
            await using var node = await StrataProcess.StartCloudAsync(arguments, Path.Combine(root.FullName, "cloud"), core: "0");
            var clients = new List<Poller>();
            for (var i = 0; i < connections; i++)
                clients.Add(await Poller.ConnectAsync(node, await node.Client.CreateDeviceAsync(new CreateDevice($"d-{i}", Model: "m"))));
            await Task.WhenAll(clients.Select(c => c.BeAnsweredAsync()));
            using (var warm = new CancellationTokenSource(TimeSpan.FromSeconds(5)))
                await Task.WhenAll(clients.Select(c => c.PollAsync(warm.Token)));
            var before = clients.Sum(c => c.Polls);
            var (processor, watch) = (node.ProcessorTime, Stopwatch.StartNew());
            using (var measured = new CancellationTokenSource(TimeSpan.FromSeconds(seconds)))
                await Task.WhenAll(clients.Select(c => c.PollAsync(measured.Token)));
            var (polls, took, used) = (clients.Sum(c => c.Polls) - before, watch.Elapsed, node.ProcessorTime - processor);
            foreach (var client in clients)
                client.Dispose();
            return Results.Write("polls", new
            {
                Case = "QoS 1 publishes to jobs/next, each acknowledged and answered; the node on core 0",
                Connections = connections,
                Polls = polls,
                PerSecond = Math.Round(polls / took.TotalSeconds),
                PerProcessorSecond = Math.Round(polls / used.TotalSeconds),
                ServerShare = Math.Round(used / took, 2),
                BarPerSecond = 3_333,
                ResidentMB = node.ResidentBytes() / 1_000_000,
                LoadAverage = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0],
            });
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    private sealed class Poller(IMqttClient client, string device) : IDisposable
    {
        private readonly SemaphoreSlim answered = new(0);

        public long Polls { get; private set; }

        public static async Task<Poller> ConnectAsync(StrataProcess node, DeviceSecret device)
        {
            var client = new MqttClientFactory().CreateMqttClient();
            var poller = new Poller(client, device.Id);
            client.ApplicationMessageReceivedAsync += message =>
            {
                if (message.ApplicationMessage.Topic.EndsWith("/jobs/next/accepted", StringComparison.Ordinal) && message.ApplicationMessage.Payload.Length > 0)
                    poller.answered.Release();
                return Task.CompletedTask;
            };
            await client.ConnectAsync(new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", node.Mqtt.Port).WithClientId(device.Id).WithCredentials(device.Id, device.Secret).WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V500).Build());
            await client.PublishAsync(Message($"devices/{device.Id}/telemetry", "{\"t\":1}"));
            await client.SubscribeAsync($"devices/{device.Id}/jobs/next/accepted", MqttQualityOfServiceLevel.AtLeastOnce);
            return poller;
        }

        /// <summary>Before its first reading has made it active it is told nothing.</summary>
        public async Task BeAnsweredAsync()
        {
            for (var tries = 0; tries < 60; tries++)
            {
                await client.PublishAsync(Message($"devices/{device}/jobs/next", "{}"));
                if (await answered.WaitAsync(TimeSpan.FromSeconds(1)))
                    return;
            }
            throw new TimeoutException($"{device} was not answered within a minute of its first reading.");
        }

        public async Task PollAsync(CancellationToken until)
        {
            var message = Message($"devices/{device}/jobs/next", "{}");
            while (!until.IsCancellationRequested)
            {
                await client.PublishAsync(message, CancellationToken.None);
                if (!await answered.WaitAsync(TimeSpan.FromSeconds(30), CancellationToken.None))
                    throw new TimeoutException($"{device} was not answered within 30 s.");
                Polls++;
            }
        }

        public void Dispose()
        {
            client.Dispose();
            answered.Dispose();
        }

        private static MqttApplicationMessage Message(string topic, string payload) =>
            new MqttApplicationMessageBuilder().WithTopic(topic).WithPayload(payload).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build();
    }
}
