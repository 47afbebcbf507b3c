namespace Strata.Mqtt.Tests.Delivery;

public sealed class SlowSubscriberTests
{
    private static readonly byte[] Block = new byte[100_000];

    [Fact]
    public async Task QoS_0_beyond_the_queue_is_dropped_and_what_was_queued_arrives()
    {
        await using var server = await TestServer.StartAsync(static o => (o.MaxQueuedMessagesPerClient, o.MaxQueuedBytesPerClient) = (10, 100 * 1024 * 1024));
        using var slow = await server.ConnectAsync();
        await slow.SubscribeAsync("t", 0);
        for (var i = 0; i < 400; i++)
            server.Broker.Publish("tests", "t"u8, Block);
        var received = 0;
        await slow.SendAsync(Packets.PingReq);
        for (var packet = await slow.ReadAsync(); packet.Type == 3; packet = await slow.ReadAsync())
            received++;
        Assert.InRange(received, 1, 399);
        while (received < 400 && server.Broker.Publish("tests", "t"u8, "end"u8) == 1)
        {
            var publish = await slow.ReadPublishAsync();
            received++;
            if (publish.Payload == "end")
                break;
        }

        Assert.Equal(1, server.Broker.ClientCount);
    }

    [Fact]
    public async Task QoS_1_beyond_the_queue_ends_the_connection()
    {
        await using var server = await TestServer.StartAsync(static o => o.MaxQueuedBytesPerClient = 500_000);
        using var slow = await server.ConnectAsync();
        await slow.SubscribeAsync("t", 1);
        for (var i = 0; i < 2000 && server.Broker.ClientCount > 0; i++)
            server.Broker.Publish("tests", "t"u8, Block, qos: 1);
        Assert.Equal(DisconnectCause.ByServer, (await server.Host.NextGone()).Cause);
    }

    [Fact]
    public async Task QoS_1_that_nobody_acknowledges_ends_the_connection_with_97()
    {
        await using var server = await TestServer.StartAsync(static o => (o.MaxInflightToClient, o.MaxQueuedMessagesPerClient) = (4, 3));
        using var idle = await server.ConnectAsync();
        await idle.SubscribeAsync("t", 1);
        for (var i = 0; i < 8; i++)
            server.Broker.Publish("tests", "t"u8, "x"u8, qos: 1);
        for (var i = 0; i < 4; i++)
            await idle.ReadPublishAsync();
        await idle.AssertDisconnectedAsync(MqttReasonCode.QuotaExceeded);
    }

    [Fact]
    public async Task A_client_that_asks_and_never_reads_is_not_read_from_and_ends_by_its_keep_alive()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time);
        using var flood = await server.ConnectAsync("c", 5, static c => c.KeepAlive = 10);
        var pings = Enumerable.Repeat(Packets.PingReq, 20_000).ToArray();
        using var give = new CancellationTokenSource();
        var sending = Task.Run(async () =>
        {
            try
            {
                while (!give.IsCancellationRequested)
                    await flood.SendAsync(pings);
            }
            catch (IOException)
            {
            }
        }, TestContext.Current.CancellationToken);
        var gone = server.Host.NextGone();
        while (!gone.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(gone, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System));
        }

        Assert.Equal(DisconnectCause.KeepAliveTimeout, (await gone).Cause);
        await give.CancelAsync();
        await Deadline.For(sending, "the flood ends");
    }
}
