using System.Text;

namespace Strata.Mqtt.Tests.Attacks;

/// <summary>What peers did to other brokers to fill their memory.</summary>
[Collection(nameof(Alone))]
public sealed class MemoryAttackTests
{
    [Theory]
    [InlineData("10FE1F")] // One byte beyond 4 KiB.
    [InlineData("10FFFFFF7F")]
    [InlineData("1080808080")] // No length at all.
    [InlineData("30")] // Not a CONNECT.
    [InlineData("20")]
    [InlineData("F0")]
    public async Task Before_CONNECT_what_cannot_become_one_is_closed_unanswered_at_once(string begins)
    {
        await using var server = await TestServer.StartAsync();
        using var peer = await server.OpenAsync();
        await peer.SendAsync(Convert.FromHexString(begins));
        await peer.AssertClosedAsync();
    }

    [Fact]
    public async Task A_CONNECT_that_is_refused_for_its_will_leaves_nothing_behind()
    {
        await using var server = await TestServer.StartAsync(static o => (o.MaxSessions, o.MaxConnectPacketSize) = (2, 64 * 1024));
        byte[][] bad =
        [
            Packets.Properties([0x18, 0, 0, 0, 1], [0x18, 0, 0, 0, 1]), // The delay twice.
            Packets.Properties([0x23, 0, 1]), // A topic alias.
            Packets.Properties([0x01, 2]),
            Packets.Properties([0x08, .. Packets.Text("a/#")]),
            Packets.Properties([0x03, 0, 1, 0xFF]),
            Packets.Properties([0x09, .. Packets.Binary(new byte[30_000])], [0x0B, 1]), // Much, and then what does not belong.
        ];
        async Task AttackAsync(int rounds)
        {
            for (var i = 0; i < rounds; i++)
            {
                using var peer = await server.OpenAsync();
                await peer.SendAsync(new ConnectBuilder { ClientId = $"w{i}", Will = ("w", new string('x', 30_000), 1, true), WillProperties = bad[i % bad.Length] }.Build());
                Assert.True((await peer.ReadAsync(2)).Body[1] >= 0x80);
                await peer.AssertClosedAsync();
            }
        }

        await AttackAsync(60);
        var before = Alone.Memory();
        await AttackAsync(600);
        Assert.InRange(Alone.Memory() - before, long.MinValue, 4 << 20); // Kept wills would be 18 MB.
        using var first = await server.ResumeAsync("one", present: false);
        using var second = await server.ResumeAsync("two", present: false); // No session was taken.
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task QoS_2_ids_that_are_never_completed_are_bounded_however_often_they_come(byte version)
    {
        await using var server = await TestServer.StartAsync(static o => o.ReceiveMaximum = 8);
        using var client = await server.ResumeAsync("c", present: false, version: version);
        async Task RepeatAsync(int rounds)
        {
            for (var i = 0; i < rounds; i++)
            {
                await client.SendAsync([.. Enumerable.Range(0, 100).Select(n => Packets.Publish("a", "x", 1 + (n % 8), 2, version, duplicate: i > 0))]);
                for (var n = 0; n < 100; n++)
                    Assert.Equal(1 + (n % 8), (await client.ReadAsync(5)).PacketId);
            }
        }

        await RepeatAsync(10);
        var before = Alone.Memory();
        await RepeatAsync(100);
        Assert.InRange(Alone.Memory() - before, long.MinValue, 1 << 20);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], server.Host.TakeSeen()); // Each once.
        await client.SendAsync(Packets.Publish("a", "x", 9, 2, version));
        if (version == 5)
            await client.AssertDisconnectedAsync(MqttReasonCode.ReceiveMaximumExceeded);
        else
            await client.AssertClosedAsync();
    }

    [Fact]
    public async Task Topic_aliases_set_again_and_again_hold_one_topic_each()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync();
        async Task SetAsync(int rounds, char letter)
        {
            var text = new string(letter, 900);
            for (var i = 0; i < rounds; i++)
                await client.SendAsync([.. Enumerable.Range(0, 100).Select(n => Packets.Publish($"{text}/{i}/{n}", "", qos: 0, properties: Packets.Properties([0x23, 0, (byte)(1 + (n % 16))])))]);
            await client.PingAsync();
            Assert.Equal(100 * rounds, server.Host.TakeSeen().Count);
        }

        await SetAsync(10, 'a');
        var before = Alone.Memory();
        await SetAsync(100, 'b');
        Assert.InRange(Alone.Memory() - before, long.MinValue, 2 << 20); // Kept topics would be 9 MB.
        await client.SendAsync(Packets.Publish("a", "", qos: 0, properties: Packets.Properties([0x23, 0, 17])));
        await client.AssertDisconnectedAsync(MqttReasonCode.TopicAliasInvalid);
    }

    [Fact]
    public async Task A_flood_that_the_host_does_not_take_is_not_read()
    {
        await using var server = await TestServer.StartAsync();
        var entered = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        server.Host.Verdict = static (client, _) => client.ClientId == "flood" ? PublishVerdict.Deferred : PublishVerdict.Route;
        server.Host.EndBurst = async (_, _) =>
        {
            entered.TrySetResult();
            await release.Task;
        };
        using var bystander = await server.ConnectAsync("bystander");
        var flood = await server.ConnectAsync("flood");
        var chunk = Enumerable.Repeat(Packets.Publish("a", new string('x', 10_000), qos: 0), 100).SelectMany(static p => p).ToArray();
        var before = Alone.Memory();
        var sent = 0L;
        var sending = Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    await flood.SendAsync(chunk);
                    Interlocked.Add(ref sent, chunk.Length);
                }
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
            }
        }, TestContext.Current.CancellationToken);
        await Deadline.For(entered.Task, "the host has the burst");
        for (var i = 0; i < 200; i++)
            await bystander.PingAsync();
        Assert.InRange(Alone.Memory() - before, long.MinValue, 8 << 20);
        Assert.InRange(Interlocked.Read(ref sent), 0, 64L << 20); // The kernel's buffers, no more.
        flood.Dispose();
        await Deadline.For(sending, "the flood ends");
        release.SetResult();
        await bystander.PingAsync();
    }

    [Fact]
    public async Task A_million_retained_topics_are_not_copied_for_who_asks_for_all_and_no_packet_asks_for_them_a_thousand_times()
    {
        const int Topics = 1_000_000;
        await using var server = await TestServer.StartAsync(static o => o.MaxRetainedMessages = Topics);
        for (var i = 0; i < Topics; i++)
            server.Broker.Publish("tests", Encoding.ASCII.GetBytes($"r/{i % 1000}/{i}"), "x"u8, retain: true);
        var before = Alone.Memory();
        using var greedy = await server.ConnectAsync("greedy", with: static c => c.Properties = Packets.Properties([0x21, 0, 1]));
        await greedy.SendAsync(Packets.Subscribe(1, 5, ("#", 0)));
        await greedy.ReadAsync(9); // And reads no further.
        using var bystander = await server.ConnectAsync("bystander");
        await bystander.SubscribeAsync("b");
        await bystander.SendAsync(Packets.Publish("b", "mine", 1));
        Assert.Equal("mine", (await bystander.ReadPublishAsync()).Payload);
        Assert.InRange(Alone.Memory() - before, long.MinValue, 48 << 20); // References, no copies.

        using var worse = await server.ConnectAsync("worse");
        await worse.SendAsync(Packets.Subscribe(1, 5, [.. Enumerable.Repeat(("#", (byte)0), 100_000)]));
        Assert.Equal((byte)MqttReasonCode.QuotaExceeded, (await worse.ReadAsync(9)).Body[^1]);
        ServerPacket last;
        do
            last = await worse.ReadAsync();
        while (last.Type == 3);
        Assert.Equal((14, (byte)MqttReasonCode.QuotaExceeded), (last.Type, last.Body[0]));
        using var sly = await server.ConnectAsync("sly");
        await sly.SendAsync(Packets.Subscribe(1, 5, [.. Enumerable.Repeat(("+/+/+/no", (byte)0), 50_000)])); // Walks everything, finds nothing.
        var codes = (await sly.ReadAsync(9)).Body[3..];
        Assert.InRange(codes.Count(static c => c == 0), 1, 50);
        Assert.Equal((byte)MqttReasonCode.QuotaExceeded, codes[^1]);

        for (var i = 0; i < 10_000; i++)
            Assert.Equal(3, (await greedy.ReadAsync()).Type);
    }
}
