using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace Strata.Mqtt.Tests.Limits;

/// <summary>Queues of a namespace and of the node.</summary>
public sealed class QueueLimitTests : IDisposable
{
    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("strata-mqtt-");

    public void Dispose() => data.Delete(recursive: true);

    [Fact]
    public async Task At_the_namespaces_limit_who_is_away_loses_its_own_oldest_and_who_has_none_the_new_one()
    {
        await using var server = await TestServer.StartAsync(static o => o.MaxQueuedMessagesPerNamespace = 3);
        foreach (var id in (string[])["a", "b", "c"])
            await LeaveAsync(server, id);
        foreach (var topic in (string[])["a/1", "a/2", "b/1", "b/2", "c/1"])
            server.Broker.Publish("tests", System.Text.Encoding.UTF8.GetBytes(topic), "x"u8, 1);
        Assert.Equal(3, server.Broker.Queued.Messages);
        Assert.Equal(["a/1", "a/2"], await ReceiveAsync(server, "a", 2));
        Assert.Equal(["b/2"], await ReceiveAsync(server, "b", 1));
        Assert.Equal([], await ReceiveAsync(server, "c", 0));
        Assert.Equal((0, 0), (server.Broker.Queued.Messages, server.Broker.Queued.Bytes));
    }

    [Fact]
    public async Task The_configured_policy_holds_and_bytes_are_counted_too()
    {
        await using var server = await TestServer.StartAsync(static o => (o.MaxQueuedBytesPerNamespace, o.WhenAwayQueueIsFull) = (1500, QueueOverflow.DropNewest));
        await LeaveAsync(server, "a");
        foreach (var topic in (string[])["a/1", "a/2", "a/3"])
            server.Broker.Publish("tests", System.Text.Encoding.UTF8.GetBytes(topic), new byte[700], 1);
        Assert.Equal(2, server.Broker.Queued.Messages);
        Assert.Equal(["a/1", "a/2"], await ReceiveAsync(server, "a", 2));
        Assert.Equal(0, server.Broker.Queued.Bytes);
    }

    [Fact]
    public async Task The_nodes_limit_is_for_all_namespaces_together_and_changes_at_once()
    {
        await using var server = await TestServer.StartAsync(static o => o.MaxQueuedMessages = 2);
        server.Host.Connect = static (request, _) => new(ConnectDecision.Accept(request.ClientId));
        await LeaveAsync(server, "a");
        await LeaveAsync(server, "b");
        server.Broker.Publish("a", "a/1"u8, "x"u8, 1);
        server.Broker.Publish("a", "a/2"u8, "x"u8, 1);
        server.Broker.Publish("b", "b/1"u8, "x"u8, 1);
        Assert.Equal(2, server.Broker.Queued.Messages);
        server.Broker.Change(static o => o.MaxQueuedMessages = 3);
        server.Broker.Publish("b", "b/2"u8, "x"u8, 1);
        Assert.Equal(["a/1", "a/2"], await ReceiveAsync(server, "a", 2));
        Assert.Equal(["b/2"], await ReceiveAsync(server, "b", 1));
    }

    [Fact]
    public async Task Who_is_there_loses_QoS_0_and_is_disconnected_for_QoS_1()
    {
        await using var server = await TestServer.StartAsync(static o => o.MaxQueuedMessagesPerNamespace = 1);
        using var client = await server.ConnectAsync("c", 5, static c => c.Properties = Packets.Properties([0x21, 0, 1]));
        await client.SubscribeAsync("a");
        server.Broker.Publish("tests", "a"u8, "sent"u8, 1);
        server.Broker.Publish("tests", "a"u8, "waits"u8, 1);
        server.Broker.Publish("tests", "a"u8, "lost"u8);
        Assert.Equal(1, server.Broker.Queued.Messages);
        Assert.Equal("sent", (await client.ReadPublishAsync()).Payload);
        server.Broker.Publish("tests", "a"u8, "too much"u8, 1);
        await client.AssertDisconnectedAsync(MqttReasonCode.QuotaExceeded);
        await server.Host.NextGone();
        Assert.Equal((0, 0), (server.Broker.Queued.Messages, server.Broker.Queued.Bytes));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task What_waits_is_counted_again_after_a_restart_and_not_after_its_session_has_ended(byte qos)
    {
        await using (var before = await TestServer.StartAsync(o => o.DataDirectory = data.FullName))
        {
            await LeaveAsync(before, "a", (byte)2);
            for (var i = 0; i < 3; i++)
                before.Broker.Publish("tests", "a/1"u8, "x"u8, qos);
            await before.Broker.FlushAsync();
        }

        await using var server = await TestServer.StartAsync(o => (o.DataDirectory, o.MaxQueuedMessages) = (data.FullName, 2));
        Assert.Equal(3, server.Broker.Queued.Messages);
        server.Broker.Publish("tests", "a/2"u8, "x"u8, qos);
        Assert.Equal(2, server.Broker.Queued.Messages);
        using var client = await server.ConnectAsync("a");
        Assert.Equal((0, 0), (server.Broker.Queued.Messages, server.Broker.Queued.Bytes));
    }

    [Fact]
    public async Task The_depth_of_each_kind_of_queue_is_measured()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Verdict = static (_, _) => PublishVerdict.Deferred;
        await LeaveAsync(server, "a");
        server.Broker.Publish("tests", "a/1"u8, "x"u8, 1, retain: true);
        server.Broker.Publish("tests", "a/2"u8, "x"u8, 1);
        using var client = await server.ConnectAsync("b");
        await client.SubscribeAsync("b");
        server.Broker.Publish("tests", "b"u8, "x"u8, 1);
        await client.ReadPublishAsync();
        await client.SendAsync(Packets.Publish("p", "x", 1));
        await server.Host.NextPublish();

        var seen = new Dictionary<(string Instrument, string Queue), long>();
        using var listener = new MeterListener();
        var meters = server.Services.GetRequiredService<IMeterFactory>();
        listener.InstrumentPublished = (instrument, heard) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Name.StartsWith("strata.mqtt.queue.", StringComparison.Ordinal))
                heard.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => seen[(instrument.Name, (string)tags[0].Value!)] = value);
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.Equal(
            (2, 1, 1, 1, 0),
            (Messages("session"), Messages("in_flight"), Messages("acknowledgements"), Messages("retained"), Messages("retained_waiting")));
        Assert.True(seen[("strata.mqtt.queue.size", "session")] > 0 && seen[("strata.mqtt.queue.size", "retained")] > 0);
        Assert.Equal(0, seen[("strata.mqtt.queue.size", "journal")]);

        long Messages(string queue) => seen[("strata.mqtt.queue.messages", queue)];
    }

    private static async Task LeaveAsync(TestServer server, string id, byte qos = 1)
    {
        using var client = await server.ResumeAsync(id, present: false);
        await client.SubscribeAsync(id + "/#", qos);
        await client.SendAsync(Packets.Disconnect);
        await server.Host.NextGone();
    }

    private static async Task<IReadOnlyList<string>> ReceiveAsync(TestServer server, string id, int count)
    {
        using var client = await server.ResumeAsync(id, present: true);
        var topics = new List<string>();
        for (var i = 0; i < count; i++)
            topics.Add((await client.ReadPublishAsync()).Topic);
        await client.PingAsync();
        return topics;
    }
}
