namespace Strata.Mqtt.Tests.Durability;

/// <summary>A stop that is asked for, with many clients whose sessions are kept.</summary>
public sealed class StopTests : IDisposable
{
    private const int Clients = 300;

    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("strata-mqtt-");

    public void Dispose() => data.Delete(recursive: true);

    [Fact]
    public async Task A_stop_tells_everyone_8B_and_the_next_start_has_every_session_with_what_waited()
    {
        await using (var server = await TestServer.StartAsync(o => o.DataDirectory = data.FullName))
        {
            var clients = await Task.WhenAll(Enumerable.Range(0, Clients).Select(async n =>
            {
                var client = await server.ResumeAsync($"c{n}", present: false, with: static c => c.Properties = Packets.Properties([0x11, 0, 0, 2, 0], [0x21, 0, 1]));
                await client.SubscribeAsync("all");
                return client;
            }));
            using var publisher = await server.ConnectAsync("publisher");
            await publisher.SendAsync(Packets.Publish("all", "one", 1), Packets.Publish("all", "two", 2));
            await publisher.ReadAsync(4);
            await publisher.ReadAsync(4);

            // With a receive maximum of 1 the second waits.
            foreach (var client in clients)
                Assert.Equal("one", (await client.ReadPublishAsync()).Payload);
            var stopping = server.StopAsync();
            foreach (var client in clients)
            {
                await client.AssertDisconnectedAsync(MqttReasonCode.ServerShuttingDown);
                client.Dispose();
            }

            await Deadline.For(stopping, "the server stops");
        }

        await using var next = await TestServer.StartAsync(o => o.DataDirectory = data.FullName);
        foreach (var n in (int[])[0, 1, Clients / 2, Clients - 1])
        {
            using var client = await next.ResumeAsync($"c{n}", present: true);
            Assert.Equal(["one", "two"], [(await client.ReadPublishAsync()).Payload, (await client.ReadPublishAsync()).Payload]);
        }
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_a_client_that_does_not_read()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        await using var server = await TestServer.StartAsync(o => (o.DataDirectory, o.MaxQueuedBytesPerClient) = (data.FullName, 64 << 20), time);
        using var silent = await server.ResumeAsync("silent", present: false);
        await silent.SubscribeAsync("all", 0);
        var block = new byte[500_000];
        for (var i = 0; i < 60; i++)
            server.Broker.Publish("tests", "all"u8, block); // More than the system's buffers take.
        var stopping = server.StopAsync();
        while (!stopping.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(stopping, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System));
        }

        await stopping;
        Assert.Equal(0, server.Broker.ClientCount);
    }
}
