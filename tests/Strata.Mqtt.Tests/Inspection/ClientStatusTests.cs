using Microsoft.Extensions.Time.Testing;
using Strata.Mqtt.Inspection;

namespace Strata.Mqtt.Tests.Inspection;

/// <summary>What the engine tells about each client.</summary>
public sealed class ClientStatusTests
{
    [Fact]
    public async Task Messages_and_bytes_are_counted_both_ways()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync("c");
        await client.SubscribeAsync("t");
        await client.SendAsync(Packets.Publish("t", "12345", 1));
        var echoed = false;
        for (var packets = 0; packets < 2; packets++)
            echoed |= (await client.ReadAsync()).Type == 3;
        Assert.True(echoed);
        await client.SendAsync(Packets.PubAck(1));
        await client.PingAsync();
        await server.UntilAsync("c", static s => s.MessagesIn == 1, "the publish is counted");
        var status = server.StatusOf("c");
        Assert.Equal((1, 1, 1), (status.MessagesIn, status.MessagesOut, status.Subscriptions));
        Assert.True(status is { Connected: true, Version: "5.0", Slow: false, BytesIn: > 10, BytesOut: > 10, Inflight: 0 });
        Assert.NotNull(status.AckLatency);
    }

    [Fact]
    public async Task The_time_from_publish_to_acknowledgement_is_measured()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time);
        using var client = await server.ConnectAsync("c");
        await client.SubscribeAsync("t");
        server.Broker.Publish("tests", "t"u8, "x"u8, qos: 1);
        var (_, id, _, _) = await client.ReadPublishAsync();
        Assert.Null(server.StatusOf("c").AckLatency);
        time.Advance(TimeSpan.FromMilliseconds(30));
        await client.SendAsync(Packets.PubAck(id));
        await client.PingAsync();
        Assert.Equal(new LatencyStatus(30, 30, 30), server.StatusOf("c").AckLatency);
    }

    [Fact]
    public async Task What_a_full_queue_loses_while_the_client_is_away_is_counted_and_what_waited_comes_with_its_time()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(static o => o.MaxQueuedMessagesPerClient = 3, time);
        using (var client = await server.ResumeAsync("c", present: false))
        {
            await client.SubscribeAsync("t");
            await client.SendAsync(Packets.Disconnect);
            await client.AssertClosedAsync();
        }

        await server.Host.NextGone();
        for (var i = 0; i < 5; i++)
            server.Broker.Publish("tests", "t"u8, "12345"u8, qos: 1);
        var away = server.StatusOf("c");
        Assert.Equal((false, 3, 18L, 2L), (away.Connected, away.Queued, away.QueuedBytes, away.Lost["queue_full"]));
        Assert.Equal(600, away.ExpiresIn);
        Assert.Equal((3, 18), (server.Broker.Inspection.Status().QueuedMessages, server.Broker.Inspection.Status().QueuedBytes));
        using var back = await server.ResumeAsync("c", present: true);
        for (var i = 0; i < 3; i++)
            await back.ReadPublishAsync();
        var here = server.StatusOf("c");
        Assert.Equal((true, 0, 3), (here.Connected, here.Queued, here.Inflight));
        Assert.Equal(0, here.ResumeLatency!.Last);
        Assert.Equal(0, server.Broker.Inspection.Status().QueuedMessages);
    }

    [Fact]
    public async Task What_expires_or_is_too_large_is_counted_as_lost()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(static o => o.MaxInflightToClient = 1, time);
        using var client = await server.ConnectAsync("c", 5, static c => c.Properties = Packets.Properties([0x27, .. Packets.U32(100)]));
        await client.SubscribeAsync("t");
        server.Broker.Publish("tests", "t"u8, new byte[200], qos: 1);
        server.Broker.Publish("tests", "t"u8, "first"u8, qos: 1);
        server.Broker.Publish("tests", "t"u8, "brief"u8, qos: 1, properties: [2, 0, 0, 0, 5]);
        var (_, id, _, _) = await client.ReadPublishAsync();
        time.Advance(TimeSpan.FromSeconds(6));
        await client.SendAsync(Packets.PubAck(id));
        await client.PingAsync();
        var lost = server.StatusOf("c").Lost;
        Assert.Equal((1, 1, 2), (lost["too_large"], lost["expired"], lost.Count));
        Assert.Equal(lost, server.Broker.Inspection.Status("tests").Lost);
    }

    [Fact]
    public async Task Duplicates_are_counted_both_ways()
    {
        await using var server = await TestServer.StartAsync();
        using (var client = await server.ResumeAsync("c", present: false))
        {
            await client.SubscribeAsync("t");
            await client.SendAsync(Packets.Publish("other", "x", 1), Packets.Publish("other", "x", 2, duplicate: true));
            await client.ReadAsync(4);
            await client.ReadAsync(4);
            server.Broker.Publish("tests", "t"u8, "x"u8, qos: 1);
            await client.ReadPublishAsync();
        }

        await server.Host.NextGone();
        using var back = await server.ResumeAsync("c", present: true);
        Assert.Equal(0x3A, (await back.ReadAsync()).First);
        await back.PingAsync();
        Assert.Equal((1, 1), (server.StatusOf("c").DuplicatesIn, server.StatusOf("c").DuplicatesOut));
    }

    [Fact]
    public async Task A_client_for_which_messages_wait_too_long_is_slow_until_none_waits()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(static o => (o.MaxInflightToClient, o.SlowAfter) = (1, TimeSpan.FromSeconds(2)), time);
        using var client = await server.ConnectAsync("c");
        using var quick = await server.ConnectAsync("quick");
        await client.SubscribeAsync("t");
        server.Broker.Publish("tests", "t"u8, "1"u8, qos: 1);
        server.Broker.Publish("tests", "t"u8, "2"u8, qos: 1);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(server.StatusOf("c").Slow);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("c", Assert.Single(server.Broker.Inspection.Clients(slowOnly: true).Items).ClientId);
        Assert.Equal("c", server.Broker.Inspection.Top(TopBy.Slow)[0].ClientId);
        await client.SendAsync(Packets.PubAck((await client.ReadPublishAsync()).PacketId));
        await client.ReadPublishAsync();
        Assert.False(server.StatusOf("c").Slow);
    }

    [Fact]
    public async Task A_client_whose_full_queue_lost_something_is_slow_for_a_minute()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(static o => (o.MaxInflightToClient, o.MaxQueuedMessagesPerClient) = (1, 1), time);
        using var client = await server.ConnectAsync("c");
        await client.SubscribeAsync("t");
        for (var i = 0; i < 2; i++)
            server.Broker.Publish("tests", "t"u8, "1"u8, qos: 1);
        server.Broker.Publish("tests", "t"u8, "0"u8);
        for (var i = 0; i < 2; i++)
            await client.SendAsync(Packets.PubAck((await client.ReadPublishAsync()).PacketId));
        await client.PingAsync();
        Assert.True(server.StatusOf("c") is { Slow: true, Queued: 0 });
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.False(server.StatusOf("c").Slow);
    }

    [Fact]
    public async Task Lists_come_in_pages_that_skip_nothing_and_filters_narrow_them()
    {
        await using var server = await TestServer.StartAsync();
        var clients = new List<RawClient>();
        foreach (var id in (string[])["d", "a", "c1", "b", "c2"])
        {
            clients.Add(await server.ConnectAsync(id));
            await clients[^1].SubscribeAsync($"of/{id}");
            server.Broker.Publish("tests", System.Text.Encoding.UTF8.GetBytes($"kept/{id}"), "x"u8, retain: true);
        }

        var inspect = server.Broker.Inspection;
        Assert.Equal(["a", "b", "c1", "c2", "d"], All(after => inspect.Clients(after: after, limit: 2)).Select(static c => c.ClientId));
        Assert.Equal(["of/a", "of/b", "of/c1", "of/c2", "of/d"], All(after => inspect.Subscriptions(after: after, limit: 2)).Select(static s => s.Filter));
        Assert.Equal(["kept/a", "kept/b", "kept/c1", "kept/c2", "kept/d"], All(after => inspect.Retained(after: after, limit: 2)).Select(static r => r.Topic));
        Assert.Equal(["c1", "c2"], inspect.Clients(client: "c*").Items.Select(static c => c.ClientId));
        Assert.Equal(["c2"], inspect.Subscriptions(filter: "*/c2").Items.Select(static c => c.ClientId));
        Assert.Equal(["kept/b"], inspect.Retained(filter: "+/b").Items.Select(static r => r.Topic));
        Assert.Throws<FormatException>(() => inspect.Clients(after: "?"));
        Assert.Throws<FormatException>(() => inspect.Retained(filter: "a/#/b"));
        clients.ForEach(static c => c.Dispose());
    }

    [Fact]
    public async Task Of_another_namespace_nothing_is_seen_and_nothing_is_touched()
    {
        await using var server = await TestServer.StartAsync(prepare: static host => host.Connect = static (request, _) => new(ConnectDecision.Accept(request.ClientId)));
        using var ours = await server.ConnectAsync("ours");
        using var theirs = await server.ConnectAsync("theirs");
        await theirs.SubscribeAsync("secret");
        server.Broker.Publish("theirs", "kept"u8, "x"u8, retain: true);
        var inspect = server.Broker.Inspection;
        Assert.Equal("ours", Assert.Single(inspect.Clients("ours").Items).ClientId);
        Assert.Equal("ours", Assert.Single(inspect.Top(TopBy.Rate, "ours")).ClientId);
        Assert.Empty(inspect.Subscriptions("ours").Items);
        Assert.Empty(inspect.Retained("ours").Items);
        var status = inspect.Status("ours");
        Assert.Equal((1, 1, 0, 0L), (status.Connected, status.Sessions, status.Subscriptions, status.RetainedMessages));
        Assert.Equal(0, inspect.Disconnect("theirs", "ours"));
        await theirs.PingAsync();
        Assert.Equal(1, inspect.Disconnect("theirs", "theirs"));
        await theirs.AssertDisconnectedAsync(MqttReasonCode.AdministrativeAction);
    }

    private static List<T> All<T>(Func<string?, InspectionPage<T>> page)
    {
        var all = new List<T>();
        string? next = null;
        do
        {
            var items = page(next);
            Assert.InRange(items.Items.Count, 1, 2);
            all.AddRange(items.Items);
            next = items.Next;
        }
        while (next is not null);
        return all;
    }
}

internal static class InspectedServer
{
    public static ClientStatus StatusOf(this TestServer server, string clientId) => Assert.Single(server.Broker.Inspection.Clients(client: clientId).Items);

    /// <summary>Waits for a figure that is counted beside what the client sees.</summary>
    public static async Task UntilAsync(this TestServer server, string clientId, Func<ClientStatus, bool> holds, string awaited)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!holds(server.StatusOf(clientId)))
        {
            Assert.False(limit.IsCancellationRequested, $"Awaited in vain: {awaited}.");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }
    }
}
