namespace Strata.Mqtt.Tests.Connections;

public sealed class TopicAliasTests
{
    [Fact]
    [Spec("MQTT-3.3.2-12")]
    public async Task An_alias_stands_for_its_topic_until_it_is_set_anew()
    {
        await using var server = await TestServer.StartAsync(static o => o.TopicAliasMaximum = 2);
        using var client = await server.ConnectAsync();
        await client.SendAsync(
            Aliased("first", 1), Aliased("second", 2), Aliased("", 1), Aliased("", 2), Aliased("third", 1), Aliased("", 1));
        var topics = new List<string>();
        for (var i = 0; i < 6; i++)
            topics.Add((await server.Host.NextPublish()).Topic);
        Assert.Equal(["first", "second", "first", "second", "third", "third"], topics);
    }

    [Theory]
    [InlineData("a", 3)]
    [InlineData("a", 0)]
    [Spec("MQTT-3.3.2-8")]
    [Spec("MQTT-3.3.2-9")]
    public async Task An_alias_out_of_range_is_refused(string topic, int alias)
    {
        await using var server = await TestServer.StartAsync(static o => o.TopicAliasMaximum = 2);
        using var client = await server.ConnectAsync();
        await client.SendAsync(Aliased(topic, alias));
        await client.AssertDisconnectedAsync(MqttReasonCode.TopicAliasInvalid);
    }

    [Fact]
    [Spec("MQTT-3.3.2-7")]
    public async Task Aliases_end_with_their_connection()
    {
        await using var server = await TestServer.StartAsync();
        using (var first = await server.ConnectAsync())
        {
            await first.SendAsync(Aliased("a", 1));
            await first.PingAsync();
        }

        using var second = await server.ConnectAsync();
        await second.SendAsync(Aliased("", 1));
        await second.AssertDisconnectedAsync(MqttReasonCode.ProtocolError);
    }

    private static byte[] Aliased(string topic, int alias) =>
        Packets.Publish(topic, "p", qos: 0, properties: Packets.Properties([0x23, .. Packets.U16(alias)]));
}
