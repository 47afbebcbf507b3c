namespace Strata.Mqtt.Tests.Delivery;

/// <summary>A host hears when what it published has arrived.</summary>
public sealed class DeliveryWatchTests
{
    [Fact]
    public async Task The_host_hears_of_the_owner_s_acknowledgement_and_of_nobody_else_s()
    {
        await using var server = await TestServer.StartAsync(static _ => { });
        server.Host.Connect = static (request, _) => new(ConnectDecision.Accept("tests", owner: $"owner/{request.ClientId}"));
        using var device = await server.ConnectAsync("device");
        using var application = await server.ConnectAsync("application");
        await application.SubscribeAsync("t/#", 1);
        Assert.False(server.Broker.HasSubscribers("tests", "t/1"u8, "owner/device"));
        await device.SubscribeAsync("t/+", 1);
        Assert.True(server.Broker.HasSubscribers("tests", "t/1"u8, "owner/device"));
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var times = 0;
        server.Broker.Publish("tests", "t/1"u8, "x"u8, qos: 1, watch: new DeliveryWatch("owner/device", () =>
        {
            Interlocked.Increment(ref times);
            heard.TrySetResult();
        }));
        var other = await application.ReadPublishAsync();
        await application.SendAsync([0x40, 2, (byte)(other.PacketId >> 8), (byte)other.PacketId]);
        await application.PingAsync();
        Assert.Equal(0, Volatile.Read(ref times));
        var got = await device.ReadPublishAsync();
        Assert.Equal("x", got.Payload);
        await device.SendAsync([0x40, 2, (byte)(got.PacketId >> 8), (byte)got.PacketId]);
        await heard.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        await device.SendAsync([0x40, 2, (byte)(got.PacketId >> 8), (byte)got.PacketId]);
        await device.PingAsync();
        Assert.Equal(1, times);
    }
}
