namespace Strata.Mqtt.Tests.Connections;

public sealed class RobustnessTests
{
    [Fact]
    public async Task Damaged_streams_end_their_connection_and_nothing_else()
    {
        await using var server = await TestServer.StartAsync();
        using var bystander = await server.ConnectAsync("bystander");
        var random = new Random(7);
        for (var round = 0; round < 300; round++)
        {
            using var client = await server.OpenAsync();
            await client.SendAsync(Damage(Conversation((byte)(4 + (round % 2))), random));
        }

        await bystander.PingAsync();
    }

    [Fact]
    public async Task Takeovers_that_race_with_subscriptions_leave_one_client_and_no_subscription_behind()
    {
        await using var server = await TestServer.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async worker =>
        {
            for (var round = 0; round < 25; round++)
            {
                using var client = await server.OpenAsync();
                await client.SendAsync(
                    new ConnectBuilder { ClientId = "same" }.Build(), Packets.Subscribe(1, 5, ("a/#", 1), ($"w/{worker}", 0)), Packets.Publish("a/b", "x", 2),
                    Packets.Unsubscribe(3, 5, "a/#"), Packets.Subscribe(4, 5, ("a/+", 0)));

                // Another one may take the id before this one is welcomed.
                await client.TryReadAsync();
            }
        }));
        for (var i = 0; i < 200; i++)
            await server.Host.NextGone();
        Assert.Equal(0, server.Broker.ClientCount);
        Assert.False(server.Broker.HasSubscribers("tests", "a/b"u8));
        using var last = await server.ConnectAsync("same");
        await last.PingAsync();
    }

    [Fact]
    public async Task Many_publishers_and_subscribers_at_once_lose_nothing_at_QoS_1()
    {
        await using var server = await TestServer.StartAsync(static o => o.MaxQueuedMessagesPerClient = 100_000);
        const int Publishers = 4;
        const int Each = 500;
        var subscribers = await Task.WhenAll(Enumerable.Range(0, 3).Select(async n =>
        {
            var client = await server.ConnectAsync($"s{n}", (byte)(4 + (n % 2)));
            await client.SubscribeAsync("p/+");
            return client;
        }));
        var receiving = subscribers.Select(static async client =>
        {
            var next = new Dictionary<string, int>();
            for (var i = 0; i < Publishers * Each; i++)
            {
                var publish = await client.ReadPublishAsync();
                Assert.Equal(next.GetValueOrDefault(publish.Topic), int.Parse(publish.Payload, System.Globalization.CultureInfo.InvariantCulture));
                next[publish.Topic] = next.GetValueOrDefault(publish.Topic) + 1;
                await client.SendAsync(Packets.PubAck(publish.PacketId));
            }
        }).ToArray();
        await Task.WhenAll(Enumerable.Range(0, Publishers).Select(async p =>
        {
            using var client = await server.ConnectAsync($"p{p}");
            for (var i = 0; i < Each; i += 50)
            {
                await client.SendAsync([.. Enumerable.Range(i, 50).Select(n => Packets.Publish($"p/{p}", $"{n}", n + 1))]);
                for (var n = i; n < i + 50; n++)
                    Assert.Equal(n + 1, (await client.ReadAsync(4)).PacketId);
            }
        }));
        await Task.WhenAll(receiving);
        foreach (var subscriber in subscribers)
            subscriber.Dispose();
    }

    private static byte[] Conversation(byte version) =>
    [
        .. new ConnectBuilder
        {
            Version = version, ClientId = "fuzz", UserName = "u", Password = [1], Will = ("w", "p", 1, false), Properties = Packets.Properties([0x21, 0, 9], Packets.User("a", "b")),
        }.Build(),
        .. Packets.Subscribe(1, version, ("a/+", 1), ("#", 0)),
        .. Packets.Publish("a/b", "payload", 2, version: version, properties: Packets.Properties([0x23, 0, 1], Packets.User("k", "v"))),
        .. Packets.Unsubscribe(3, version, "a/+"),
        .. Packets.PubAck(1), .. Packets.PingReq, .. Packets.Disconnect,
    ];

    private static byte[] Damage(byte[] stream, Random random)
    {
        for (var flips = random.Next(1, 6); flips > 0; flips--)
            stream[random.Next(stream.Length)] = (byte)random.Next(256);
        return stream[..random.Next(1, stream.Length + 1)];
    }
}
