using System.Globalization;
using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace Strata.Mqtt.Tests.Durability;

/// <summary>What a client was told holds after a crash.</summary>
public sealed class CrashTests
{
    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [Spec("MQTT-4.4.0-1")]
    public async Task What_waits_and_what_is_under_way_is_there_with_its_packet_ids_and_in_order(byte version)
    {
        await using var crashing = await StartAsync();
        using (var away = await crashing.Server.ResumeAsync("c", present: false, version))
        {
            await away.SubscribeAsync("t/#", 2);
            using var publisher = await crashing.Server.ConnectAsync("p");
            for (var i = 1; i <= 3; i++)
                await PublishAsync(publisher, "t/a", $"sent {i}", i, qos: i == 2 ? 2 : 1);
            Assert.Equal(3, (await ReadPublishesAsync(away, 3)).Count);
            await away.PingAsync();
        }

        await crashing.Server.Host.NextGone();
        using (var publisher = await crashing.Server.ConnectAsync("p"))
            for (var i = 4; i <= 6; i++)
                await PublishAsync(publisher, "t/a", $"waits {i}", i, qos: i == 5 ? 2 : 1);
        await crashing.CrashAsync();
        using var again = await crashing.Server.ResumeAsync("c", present: true, version);
        var got = await ReadPublishesAsync(again, 6);
        Assert.Equal(["sent 1", "sent 2", "sent 3", "waits 4", "waits 5", "waits 6"], got.Select(static p => p.Payload).Order());
        foreach (var qos in (int[])[1, 2])
            Assert.Equal(got.Where(p => p.QoS == qos).Select(static p => p.Payload).Order(), got.Where(p => p.QoS == qos).Select(static p => p.Payload));
        Assert.All(got, static p => Assert.Equal(p.Payload.StartsWith("sent", StringComparison.Ordinal), p.Duplicate));
        Assert.Equal([1, 2, 3], got.Where(static p => p.Duplicate).Select(static p => p.PacketId).Order());
    }

    [Fact]
    public async Task A_QoS_2_message_the_client_has_received_is_released_and_not_sent_again()
    {
        await using var crashing = await StartAsync();
        using (var client = await crashing.Server.ResumeAsync("c", present: false))
        {
            await client.SubscribeAsync("t", 2);
            crashing.Server.Broker.Publish("tests", "t"u8, "x"u8, qos: 2);
            var id = (await client.ReadPublishAsync()).PacketId;
            await client.SendAsync(Packets.PubRec(id));
            Assert.Equal(id, (await client.ReadAsync(6)).PacketId);
            await crashing.CrashAsync();
            using var again = await crashing.Server.ResumeAsync("c", present: true);
            Assert.Equal(id, (await again.ReadAsync(6)).PacketId);
            await again.SendAsync(Packets.PubComp(id));
            await again.PingAsync();
        }

        await crashing.BarrierAsync();
        await crashing.CrashAsync();
        using var last = await crashing.Server.ResumeAsync("c", present: true);
        await last.PingAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_QoS_2_publish_sent_again_after_the_crash_is_routed_once(bool deferred)
    {
        await using var crashing = await StartAsync();
        if (deferred)
        {
            crashing.Server.Host.Verdict = static (_, publish) => publish.Topic == "t" ? PublishVerdict.Deferred : PublishVerdict.Route;
            crashing.Server.Host.EndBurst = static (client, _) =>
            {
                client.Acknowledge([new PublishAck(7, MqttReasonCode.Success)]);
                return default;
            };
        }

        using (var publisher = await crashing.Server.ResumeAsync("p", present: false))
        {
            await publisher.SendAsync(Packets.Publish("t", "a", 7, qos: 2));
            await publisher.ReadAsync(5);
        }

        await crashing.CrashAsync();
        using var subscriber = await crashing.Server.ConnectAsync("s");
        await subscriber.SubscribeAsync("t", 0);
        using (var publisher = await crashing.Server.ResumeAsync("p", present: true))
        {
            await publisher.SendAsync(Packets.Publish("t", "a", 7, qos: 2, duplicate: true));
            await publisher.ReadAsync(5);
            await publisher.SendAsync(Packets.PubRel(7));
            await publisher.ReadAsync(7);
        }

        // Once released, the id is free, also after the next crash.
        await crashing.CrashAsync();
        using var next = await crashing.Server.ConnectAsync("s");
        await next.SubscribeAsync("t", 0);
        using var last = await crashing.Server.ResumeAsync("p", present: true);
        await last.SendAsync(Packets.Publish("t", "b", 7, qos: 2));
        await last.ReadAsync(5);
        Assert.Equal("b", (await next.ReadPublishAsync()).Payload);
        await subscriber.PingAsync();
    }

    [Fact]
    public async Task Subscriptions_with_their_options_and_what_was_unsubscribed_are_as_they_were()
    {
        await using var crashing = await StartAsync();
        using (var client = await crashing.Server.ResumeAsync("c", present: false))
        {
            await client.SendAsync(Packets.Subscribe(1, 5, ("a", 1), ("b", 1 | 8), ("c", 2), ("$share/g/d", 1)));
            await client.ReadAsync(9);
            await client.SendAsync(Packets.Unsubscribe(2, 5, "c"));
            await client.ReadAsync(11);
            await client.SendAsync(Packets.Frame(0x82, [.. Packets.U16(3), .. Packets.Properties([0x0B, 77]), .. Packets.Text("a"), 1]));
            await client.ReadAsync(9);
        }

        await crashing.CrashAsync();
        using var again = await crashing.Server.ResumeAsync("c", present: true);
        Assert.Equal(0, crashing.Server.Broker.Publish("tests", "c"u8, "x"u8, qos: 1));
        Assert.Equal(1, crashing.Server.Broker.Publish("tests", "b"u8, "x"u8, qos: 1, retain: true));
        Assert.Equal(1, (await again.ReadAsync(3)).First & 1);
        crashing.Server.Broker.Publish("tests", "a"u8, "x"u8, qos: 1);
        Assert.Equal([0x0B, 77], (await again.ReadPublishAsync()).Properties);
        crashing.Server.Broker.Publish("tests", "d"u8, "x"u8, qos: 1);
        Assert.Equal("d", (await again.ReadPublishAsync()).Topic);
    }

    [Fact]
    public async Task A_session_expires_by_the_clock_on_the_wall_also_while_nobody_runs()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var crashing = await StartAsync(time: time);
        using (var client = await crashing.Server.ResumeAsync("c", present: false, expiry: 100))
            await client.SubscribeAsync("t");
        await crashing.Server.Host.NextGone();
        await crashing.BarrierAsync();
        time.Advance(TimeSpan.FromSeconds(60));
        await crashing.CrashAsync();
        Assert.Equal(1, crashing.Server.Broker.Publish("tests", "t"u8, "x"u8, qos: 1));
        await crashing.BarrierAsync();
        time.Advance(TimeSpan.FromSeconds(39));
        await crashing.CrashAsync();
        Assert.Equal(1, crashing.Server.Broker.Publish("tests", "t"u8, "x"u8, qos: 1));
        time.Advance(TimeSpan.FromSeconds(2));
        await crashing.CrashAsync();
        time.Advance(TimeSpan.FromSeconds(1));
        using var again = await crashing.Server.ResumeAsync("c", present: false);
    }

    [Fact]
    public async Task A_message_that_waits_expires_by_the_clock_on_the_wall()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var crashing = await StartAsync(time: time);
        using (var client = await crashing.Server.ResumeAsync("c", present: false))
            await client.SubscribeAsync("t");
        await crashing.Server.Host.NextGone();
        crashing.Server.Broker.Publish("tests", "t"u8, "short"u8, qos: 1, properties: [0x02, 0, 0, 0, 10]);
        crashing.Server.Broker.Publish("tests", "t"u8, "long"u8, qos: 1, properties: [0x02, 0, 0, 0, 100], retain: true);
        await crashing.BarrierAsync();
        time.Advance(TimeSpan.FromSeconds(40));
        await crashing.CrashAsync();
        using var again = await crashing.Server.ResumeAsync("c", present: true);
        var got = await again.ReadPublishAsync();
        Assert.Equal("long", got.Payload);
        Assert.Equal([0x02, 0, 0, 0, 60], got.Properties);
        await again.SubscribeAsync("t");
        Assert.Equal("long", (await again.ReadPublishAsync()).Payload);
    }

    [Fact]
    public async Task A_clock_that_was_set_back_meanwhile_makes_nothing_last_longer_than_it_was_to_last()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var crashing = await StartAsync(time: time);
        using (var client = await crashing.Server.ResumeAsync("long", present: false, expiry: 1000))
            await client.SubscribeAsync("t");
        await crashing.Server.Host.NextGone();
        using (var client = await crashing.Server.ResumeAsync(
            "short", present: false, expiry: 100, with: static c => (c.Will, c.WillProperties) = (("t", "will", 1, false), Packets.Properties([0x18, 0, 0, 0, 50]))))
            await client.PingAsync();
        await crashing.Server.Host.NextGone();
        crashing.Server.Broker.Publish("tests", "t"u8, "expires"u8, qos: 1, properties: [0x02, 0, 0, 0, 10]);
        crashing.Server.Broker.Publish("tests", "t"u8, "stays"u8, qos: 1);
        await crashing.BarrierAsync();
        time.AdjustTime(time.GetUtcNow().AddDays(-1));
        await crashing.CrashAsync();
        time.Advance(TimeSpan.FromSeconds(60));
        using (var again = await crashing.Server.ResumeAsync("long", present: true))
        {
            Assert.Equal("stays", (await again.ReadPublishAsync()).Payload);
            Assert.Equal("will", (await again.ReadPublishAsync()).Payload);
        }

        time.Advance(TimeSpan.FromSeconds(45));
        using var ended = await crashing.Server.ResumeAsync("short", present: false);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task Retained_messages_that_a_subscription_had_not_been_sent_are_sent_after_the_crash(byte qos, bool checkpoint)
    {
        await using var crashing = await StartAsync();
        void Retain(int topic, string payload) => crashing.Server.Broker.Publish("tests", Encoding.ASCII.GetBytes($"r/{topic}"), Encoding.ASCII.GetBytes(payload), qos, retain: true);
        for (var i = 0; i < 20; i++)
            Retain(i, "old");
        string first;
        using (var client = await crashing.Server.ResumeAsync("c", present: false, with: static c => c.Properties = Packets.Properties([0x11, 0, 0, 2, 0], [0x21, 0, 1])))
        {
            await client.SubscribeAsync("r/#", qos);
            first = (await client.ReadPublishAsync()).Topic; // It is not acknowledged, so that nothing more may be sent.
            Retain(first == "r/3" ? 4 : 3, "new"); // Comes behind the others, as what it is, and is not owed besides.
            if (checkpoint)
                await crashing.Server.Broker.CheckpointAsync();
            await crashing.BarrierAsync();
            await crashing.CrashAsync();
        }

        using (var again = await crashing.Server.ResumeAsync("c", present: true, expiry: 512))
        {
            var got = await ReadPublishesAsync(again, 21); // The first, in flight, once more; the nineteen others as they are retained then; the new one.
            Assert.Equal(20, got.Select(static p => p.Topic).Distinct().Count());
            Assert.Equal([first], got.Where(static p => p.Duplicate).Select(static p => p.Topic));
            Assert.Single(got, static p => p.Payload == "new");
            foreach (var id in got.Select(static p => p.PacketId))
                await again.SendAsync(qos == 1 ? Packets.PubAck(id) : Packets.PubRec(id));
            for (var i = 0; qos == 2 && i < got.Count; i++)
                await again.SendAsync(Packets.PubComp((await again.ReadAsync(6)).PacketId));
            await again.PingAsync();
        }

        await crashing.BarrierAsync();
        await crashing.CrashAsync();
        using var last = await crashing.Server.ResumeAsync("c", present: true);
        await last.PingAsync(); // All were sent: nothing comes again.
    }

    [Fact]
    public async Task Retained_messages_of_a_subscription_that_is_gone_are_owed_no_more()
    {
        await using var crashing = await StartAsync();
        for (var i = 0; i < 5; i++)
            crashing.Server.Broker.Publish("tests", Encoding.ASCII.GetBytes($"r/{i}"), "x"u8, qos: 1, retain: true);
        using (var client = await crashing.Server.ResumeAsync("c", present: false, with: static c => c.Properties = Packets.Properties([0x11, 0, 0, 2, 0], [0x21, 0, 1])))
        {
            await client.SubscribeAsync("r/#");
            await client.ReadPublishAsync();
            await client.SendAsync(Packets.Unsubscribe(2, 5, "r/#"));
            await client.ReadAsync(11);
            await crashing.CrashAsync();
        }

        using var again = await crashing.Server.ResumeAsync("c", present: true);
        Assert.Equal(1, (await again.ReadPublishAsync()).PacketId);
        await again.PingAsync();
    }

    [Fact]
    public async Task Retained_messages_and_their_removal_outlive_a_crash_with_the_newest_of_each()
    {
        await using var crashing = await StartAsync();
        using (var publisher = await crashing.Server.ConnectAsync("p"))
        {
            await PublishAsync(publisher, "t/1", "old", 1, retain: true);
            await PublishAsync(publisher, "t/1", "new", 2, retain: true);
            await PublishAsync(publisher, "t/2", "gone", 3, retain: true);
            await PublishAsync(publisher, "t/2", "", 4, retain: true);
        }

        await crashing.CrashAsync();
        await crashing.Server.Broker.CheckpointAsync();
        using (var publisher = await crashing.Server.ConnectAsync("p"))
            await PublishAsync(publisher, "t/3", "three", 1, retain: true);
        await crashing.CrashAsync();
        using var reader = await crashing.Server.ConnectAsync("r");
        await reader.SubscribeAsync("t/#");
        Assert.Equal(["t/1 new", "t/3 three"], (await ReadPublishesAsync(reader, 2)).Select(static p => $"{p.Topic} {p.Payload}").Order());
        await reader.PingAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_will_is_published_when_its_delay_is_over_whoever_went_first(bool clientFirst)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var crashing = await StartAsync(time: time);
        using (var client = await crashing.Server.ResumeAsync("c", present: false, with: static c => (c.Will, c.WillProperties) = (("w", "gone", 1, false), Packets.Properties([0x18, 0, 0, 0, 30]))))
        {
            await client.SubscribeAsync("x");
            if (!clientFirst)
                await crashing.CrashAsync();
        }

        if (clientFirst)
        {
            await crashing.Server.Host.NextGone();
            await crashing.BarrierAsync();
            await crashing.CrashAsync();
        }

        using var watcher = await crashing.Server.ConnectAsync("watcher");
        await watcher.SubscribeAsync("w");
        time.Advance(TimeSpan.FromSeconds(29));
        await watcher.PingAsync();
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("gone", (await watcher.ReadPublishAsync()).Payload);

        // It is published once.
        await crashing.BarrierAsync();
        await crashing.CrashAsync();
        using var later = await crashing.Server.ConnectAsync("watcher");
        await later.SubscribeAsync("w");
        time.Advance(TimeSpan.FromSeconds(60));
        await later.PingAsync();
    }

    [Fact]
    public async Task A_host_that_does_not_know_a_client_any_more_gets_its_session_ended_without_its_will()
    {
        await using var crashing = await StartAsync();
        using (var client = await crashing.Server.ResumeAsync("c", present: false, with: static c => c.Will = ("w", "gone", 1, false)))
            await client.SubscribeAsync("t");
        crashing.Prepare = static host => host.ReviewWith = static client => ConnectDecision.Refuse(client.ClientId == "c" ? MqttReasonCode.NotAuthorized : MqttReasonCode.Success);
        await crashing.CrashAsync();
        Assert.Equal(0, crashing.Server.Broker.Publish("tests", "t"u8, "x"u8, qos: 1));
        crashing.Prepare = null;
        await crashing.BarrierAsync();
        await crashing.CrashAsync();
        using var again = await crashing.Server.ResumeAsync("c", present: false);
    }

    [Fact]
    public async Task A_publish_is_acknowledged_when_it_is_on_the_disk_and_one_for_live_sessions_at_once()
    {
        using var disk = new SemaphoreSlim(1000);
        await using var crashing = await StartAsync(o => o.Flush = _ => disk.Wait());
        using (var client = await crashing.Server.ResumeAsync("c", present: false))
            await client.SubscribeAsync("stored/#", 1);
        await crashing.Server.Host.NextGone();
        using var live = await crashing.Server.ConnectAsync("live");
        await live.SubscribeAsync("#", 1);
        await crashing.BarrierAsync();
        while (disk.CurrentCount > 0)
            await disk.WaitAsync();
        using var publisher = await crashing.Server.ConnectAsync("p");
        await publisher.SendAsync(Packets.Publish("stored/1", "a", 1));
        await publisher.PingAsync();
        Assert.Equal("a", (await live.ReadPublishAsync()).Payload);
        await publisher.SendAsync(Packets.Publish("live/1", "b", 2));
        Assert.Equal("b", (await live.ReadPublishAsync()).Payload);
        await publisher.PingAsync(); // PUBACK 2 waits for PUBACK 1 (MQTT-4.6.0-2).
        using var other = await crashing.Server.ConnectAsync("p2");
        await PublishAsync(other, "live/1", "c", 1);
        disk.Release(1000);
        Assert.Equal(1, (await publisher.ReadAsync(4)).PacketId);
        Assert.Equal(2, (await publisher.ReadAsync(4)).PacketId);
    }

    [Fact]
    public async Task After_a_failed_fsync_nothing_is_acknowledged_and_nobody_is_served()
    {
        var broken = false;
        await using var crashing = await StartAsync(o => o.Flush = _ =>
        {
            if (Volatile.Read(ref broken))
                throw new IOException("The disk is broken.");
        });
        using (var client = await crashing.Server.ResumeAsync("c", present: false))
            await client.SubscribeAsync("t", 1);
        using var publisher = await crashing.Server.ConnectAsync("p");
        Volatile.Write(ref broken, true);
        await publisher.SendAsync(Packets.Publish("t", "a", 1));
        await publisher.AssertDisconnectedAsync(MqttReasonCode.UnspecifiedError);
        Assert.Equal("The disk is broken.", (await crashing.Server.Host.StorageFault).Message);
        Volatile.Write(ref broken, false);
        using var next = await crashing.Server.OpenAsync();
        await next.SendAsync(new ConnectBuilder { ClientId = "p" }.Build());
        Assert.Equal((byte)MqttReasonCode.ServerUnavailable, (await next.ReadAsync(2)).Body[1]);
        crashing.Server.Faults.Messages.Clear();
        await crashing.CrashAsync();
        using var again = await crashing.Server.ConnectAsync("p");
        await PublishAsync(again, "t", "a", 1);
    }

    [Fact]
    public async Task A_checkpoint_makes_the_files_small_and_loses_nothing()
    {
        await using var crashing = await StartAsync(o => o.MaxQueuedMessagesPerClient = 20);
        using (var client = await crashing.Server.ResumeAsync("c", present: false))
            await client.SubscribeAsync("t", 2);
        await crashing.Server.Host.NextGone();
        for (var i = 0; i < 200; i++)
            crashing.Server.Broker.Publish("tests", "t"u8, Encoding.UTF8.GetBytes($"{i}".PadRight(50_000)), qos: (byte)(1 + (i % 2)));

        await crashing.BarrierAsync();
        Assert.InRange(crashing.Length, 10_000_000, 11_000_000);
        await crashing.Server.Broker.CheckpointAsync();
        Assert.InRange(crashing.Length, 900_000, 1_200_000);
        await crashing.CrashAsync();
        using var again = await crashing.Server.ResumeAsync("c", present: true);
        var got = await ReadPublishesAsync(again, 20);
        Assert.Equal(Enumerable.Range(180, 20), got.Select(static p => int.Parse(p.Payload, CultureInfo.InvariantCulture)).Order());
    }

    [Fact]
    public async Task A_checkpoint_is_written_when_the_files_hold_more_than_they_need()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var crashing = await StartAsync(o => o.CheckpointBytes = 1 << 20, time);
        var payload = new byte[100_000];
        for (var i = 0; i < 30; i++)
            crashing.Server.Broker.Publish("tests", "t"u8, payload, qos: 1, retain: true);
        await crashing.BarrierAsync();
        Assert.True(crashing.Length > 3_000_000);
        await Deadline.For(
            Task.Run(() =>
            {
                while (crashing.Length > 300_000)
                    time.Advance(TimeSpan.FromMilliseconds(250));
            }),
            "a checkpoint");
    }

    [Fact]
    public async Task A_queue_that_only_grows_is_not_written_again_and_one_that_was_read_is()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var crashing = await StartAsync(
            o => (o.CheckpointBytes, o.MaxQueuedBytesPerClient, o.MaxInflightToClient) = (1 << 20, 10 << 20, 100), time);
        using (var client = await crashing.Server.ResumeAsync("c", present: false))
            await client.SubscribeAsync("t");
        await crashing.Server.Host.NextGone();
        var payload = new byte[50_000];
        for (var i = 0; i < 100; i++)
            crashing.Server.Broker.Publish("tests", "t"u8, payload, qos: 1);
        await crashing.BarrierAsync();
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Same(Task.CompletedTask, crashing.Server.Broker.LastCheckpoint);
        Assert.True(crashing.Length > 5_000_000);

        using var again = await crashing.Server.ResumeAsync("c", present: true);
        foreach (var publish in await ReadPublishesAsync(again, 100))
            await again.SendAsync([0x40, 2, (byte)(publish.PacketId >> 8), (byte)publish.PacketId]);
        await Deadline.For(
            Task.Run(() =>
            {
                while (crashing.Length > 300_000)
                    time.Advance(TimeSpan.FromMilliseconds(250));
            }),
            "a checkpoint");
    }

    [Fact]
    public async Task Others_can_not_read_the_files_and_a_second_program_can_not_use_them()
    {
        await using var crashing = await StartAsync();
        using var client = await crashing.Server.ResumeAsync("c", present: false);
        await client.SubscribeAsync("t");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(crashing.Data));
        Assert.All(Directory.GetFiles(crashing.Data), static file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        var refused = await Assert.ThrowsAsync<IOException>(() => TestServer.StartAsync(o => o.DataDirectory = crashing.Data));
        Assert.Contains("in use by another process", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<CrashingServer> StartAsync(Action<MqttOptions>? configure = null, TimeProvider? time = null)
    {
        var crashing = new CrashingServer(stored: true, configure, time);
        await crashing.StartAsync();
        return crashing;
    }

    private static async Task PublishAsync(RawClient publisher, string topic, string payload, int packetId, int qos = 1, bool retain = false)
    {
        await publisher.SendAsync(Packets.Publish(topic, payload, packetId, qos, retain: retain));
        await publisher.ReadAsync(qos == 1 ? 4 : 5);
        if (qos == 1)
            return;
        await publisher.SendAsync(Packets.PubRel(packetId));
        await publisher.ReadAsync(7);
    }

    private static async Task<IReadOnlyList<(string Topic, string Payload, int QoS, bool Duplicate, int PacketId)>> ReadPublishesAsync(RawClient client, int count)
    {
        var all = new List<(string, string, int, bool, int)>();
        while (all.Count < count)
        {
            var packet = await client.ReadAsync(3);
            var publish = packet.AsPublish(client.Version);
            all.Add((publish.Topic, publish.Payload, (packet.First >> 1) & 3, (packet.First & 8) != 0, publish.PacketId));
        }

        return all;
    }
}
