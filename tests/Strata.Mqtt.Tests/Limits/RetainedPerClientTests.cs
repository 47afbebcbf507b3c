namespace Strata.Mqtt.Tests.Limits;

public sealed class RetainedPerClientTests : IDisposable
{
    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("strata-mqtt-");

    public void Dispose() => data.Delete(recursive: true);

    [Fact]
    public async Task A_client_retains_so_many_messages_and_others_and_the_host_are_not_limited_by_it()
    {
        await using var server = await TestServer.StartAsync(static o => o.MaxRetainedMessagesPerClient = 2);
        using var client = await server.ConnectAsync("a");
        using var other = await server.ConnectAsync("b");
        await AssertRetainAsync(client, "1", "x", MqttReasonCode.Success);
        await AssertRetainAsync(client, "2", "x", MqttReasonCode.Success);
        await AssertRetainAsync(client, "3", "x", MqttReasonCode.QuotaExceeded);
        await AssertRetainAsync(client, "2", "another", MqttReasonCode.Success);
        await AssertRetainAsync(client, "1", "", MqttReasonCode.Success);
        await AssertRetainAsync(client, "3", "x", MqttReasonCode.Success);
        await AssertRetainAsync(client, "4", "x", MqttReasonCode.QuotaExceeded);
        await AssertRetainAsync(other, "3", "mine now", MqttReasonCode.Success);
        await AssertRetainAsync(client, "4", "x", MqttReasonCode.Success);
        for (var i = 0; i < 5; i++)
            server.Broker.Publish("tests", [(byte)'h', (byte)('0' + i)], "x"u8, retain: true);
        Assert.Equal(8, server.Broker.NamespaceOf("tests").Retained.Count);
    }

    [Fact]
    public async Task Their_bytes_are_limited_too_and_both_hold_after_a_restart()
    {
        await using (var before = await TestServer.StartAsync(Limit))
        {
            using var first = await before.ConnectAsync("a");
            await AssertRetainAsync(first, "1", new string('x', 600), MqttReasonCode.Success);
            await AssertRetainAsync(first, "2", new string('x', 600), MqttReasonCode.QuotaExceeded);
        }

        await using var server = await TestServer.StartAsync(Limit);
        using var client = await server.ConnectAsync("a");
        using var other = await server.ConnectAsync("b");
        await AssertRetainAsync(client, "2", new string('x', 600), MqttReasonCode.QuotaExceeded);
        await AssertRetainAsync(client, "1", new string('y', 700), MqttReasonCode.Success);
        await AssertRetainAsync(other, "2", new string('x', 600), MqttReasonCode.Success);

        void Limit(MqttOptions options) => (options.DataDirectory, options.MaxRetainedBytesPerClient) = (data.FullName, 1000);
    }

    private static async Task AssertRetainAsync(RawClient client, string topic, string payload, MqttReasonCode expected)
    {
        await client.SendAsync(Packets.Publish(topic, payload, 1, retain: true));
        var ack = await client.ReadAsync(4);
        var code = ack.Body.Length > 2 ? (MqttReasonCode)ack.Body[2] : MqttReasonCode.Success;
        Assert.Equal(expected, code == (MqttReasonCode)0x10 ? MqttReasonCode.Success : code); // 0x10: nobody subscribes to it.
    }
}
