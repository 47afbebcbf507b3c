using System.Collections.Concurrent;
using Strata.Mqtt.Tests;

namespace Strata.EndToEnd.Tests;

/// <summary><c>strata broker --data</c> is killed and killed again: what it acknowledged arrives, a QoS 2 message once.</summary>
public sealed class BrokerKillTests : IDisposable
{
    private const int Rounds = 20;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("strata-broker-");
    private readonly ConcurrentDictionary<string, int> received = new(StringComparer.Ordinal);
    private readonly HashSet<int> receiving = [];
    private BrokerProcess? broker;
    private int port;

    [Fact]
    public async Task What_was_acknowledged_arrives_and_QoS_2_once()
    {
        var random = new Random(4711);
        var sender = new Sender();
        await StartAsync();
        using (var first = await ConnectAsync("subscriber", present: false))
            await first.SubscribeAsync("ledger", 2);
        for (var round = 0; round < Rounds; round++)
        {
            var goal = sender.Acknowledged.Count + random.Next(1, 200);
            var inTheMiddle = round % 2 == 1; // The kill comes while a publish is under way, whatever its state.
            var publishing = Quietly(async () => await sender.RunAsync(
                await ConnectAsync("publisher", present: round > 0), () => !inTheMiddle && sender.Acknowledged.Count >= goal));
            var subscribing = round % 3 == 0 ? Task.CompletedTask : Quietly(async () => await ReceiveAsync(await ConnectAsync("subscriber", present: true)));
            await Eventually.IsAsync(() => Task.FromResult(sender.Acknowledged.Count), n => n >= goal, "acknowledgements");
            await broker!.KillAsync();
            await Deadline.For(Task.WhenAll(publishing, subscribing), "the clients see the end");
            await StartAsync();
        }

        await sender.RunAsync(await ConnectAsync("publisher", present: true), static () => true);
        using var last = await ConnectAsync("subscriber", present: true);
        var draining = ReceiveAsync(last);
        await Eventually.IsAsync(() => Task.FromResult(sender.Acknowledged.Count(m => !received.ContainsKey(m))), static n => n == 0, "everything acknowledged arrives");
        last.Dispose();
        await Quietly(() => draining);
        Assert.True(sender.Acknowledged.Count > Rounds * 20);
        Assert.DoesNotContain(received, static r => r.Key.EndsWith("qos 2", StringComparison.Ordinal) && r.Value != 1);
    }

    public void Dispose()
    {
        broker?.Dispose();
        folder.Delete(recursive: true);
    }

    private async Task StartAsync()
    {
        broker?.Dispose();
        broker = await BrokerProcess.StartAsync(folder.FullName, port);
        port = broker.Port;
    }

    private async Task<RawClient> ConnectAsync(string clientId, bool present)
    {
        var client = await RawClient.OpenAsync(port);
        await client.SendAsync(new ConnectBuilder { ClientId = clientId, CleanStart = false, Properties = Packets.Properties([0x11, 0, 0, 2, 0]) }.Build());
        Assert.Equal((present ? 1 : 0, 0), (await client.ReadAsync(2)).Body is var body ? (body[0], body[1]) : default);
        return client;
    }

    /// <summary>A receiver as the specification wants it: it remembers the ids of QoS 2 messages until they are released.</summary>
    private async Task ReceiveAsync(RawClient client)
    {
        using var _ = client;
        while (await client.TryReadAsync() is { } packet)
        {
            if (packet.Type == 6)
            {
                receiving.Remove(packet.PacketId);
                await client.SendAsync(Packets.PubComp(packet.PacketId));
                continue;
            }

            var (_, id, _, payload) = packet.AsPublish(5);
            var twice = (packet.First & 4) != 0;
            if (!twice || receiving.Add(id))
                received.AddOrUpdate(payload, 1, static (_, n) => n + 1);
            await client.SendAsync(twice ? Packets.PubRec(id) : Packets.PubAck(id));
        }
    }

    /// <summary>The connection may break at any moment.</summary>
    private static async Task Quietly(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or InvalidOperationException or ObjectDisposedException)
        {
        }
    }

    /// <summary>Publishes one message after the other, QoS 1 and 2 in turns, and goes on after a break where it was.</summary>
    private sealed class Sender
    {
        private int number;
        private bool isOpen;
        private bool isReceived;

        public ConcurrentBag<string> Acknowledged { get; } = [];

        public async Task RunAsync(RawClient client, Func<bool> isEnough)
        {
            using var _ = client;
            while (isOpen || !isEnough())
            {
                if (!isOpen)
                    number++;
                var qos = 1 + (number % 2);
                var id = 1 + (number % 60_000);
                if (!isReceived)
                {
                    await client.SendAsync(Packets.Publish("ledger", $"{number} qos {qos}", id, qos, duplicate: isOpen));
                    isOpen = true;
                    Assert.Equal(id, (await client.ReadAsync(qos == 1 ? 4 : 5)).PacketId);
                }

                if (qos == 2)
                {
                    isReceived = true;
                    await client.SendAsync(Packets.PubRel(id));
                    Assert.Equal(id, (await client.ReadAsync(7)).PacketId);
                }

                Acknowledged.Add($"{number} qos {qos}");
                isOpen = isReceived = false;
            }
        }
    }
}
