using CsCheck;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Tests.Wire;

public sealed class ConnectPacketTests
{
    [Fact]
    public void Every_cut_of_a_valid_packet_is_malformed_and_nothing_else()
    {
        var body = new ConnectBuilder
        {
            ClientId = "client", UserName = "user", Password = [1, 2], Will = ("t", "p", 1, false), Properties = Packets.Properties([0x21, 0, 5]),
        }.Build()[2..];
        Read(body);
        for (var length = 0; length < body.Length; length++)
            Assert.Throws<MqttProtocolException>(() => Read(body[..length]));
        Assert.Throws<MqttProtocolException>(() => Read([.. body, 0]));
    }

    [Fact]
    public void Random_bytes_never_throw_anything_but_a_protocol_error() => Gen.Byte.Array[0, 60].Sample(noise =>
    {
        byte[] prefix = [0, 4, 0x4D, 0x51, 0x54, 0x54, 5];
        try
        {
            Read([.. prefix, .. noise]);
        }
        catch (MqttProtocolException)
        {
        }
    });

    [Theory]
    [InlineData(0x01, 5)]
    [InlineData(0x01, 4)]
    [Spec("MQTT-3.1.2-3")]
    [Spec("MQTT-3.1.2-3", Version = "3.1.1")]
    public void The_reserved_flag_is_malformed(byte flip, byte version) => Refused(new ConnectBuilder { Version = version, FlipFlags = flip });

    [Theory]
    [InlineData(0x08)]
    [InlineData(0x10)]
    [Spec("MQTT-3.1.2-11")]
    public void Will_QoS_without_a_will_is_malformed(byte flip) => Refused(new ConnectBuilder { FlipFlags = flip });

    [Fact]
    [Spec("MQTT-3.1.2-12")]
    public void Will_QoS_3_is_malformed() => Refused(new ConnectBuilder { Will = ("t", "p", 3, false) });

    [Fact]
    [Spec("MQTT-3.1.2-13")]
    public void Will_retain_without_a_will_is_malformed() => Refused(new ConnectBuilder { FlipFlags = 0x20 });

    [Fact]
    [Spec("MQTT-3.1.2-22", Version = "3.1.1")]
    public void MQTT_311_takes_no_password_without_a_user_name() => Refused(new ConnectBuilder { Version = 4, Password = [1] });

    [Fact]
    public void MQTT_5_takes_a_password_without_a_user_name() => Read(new ConnectBuilder { Password = [1] }.Build()[2..]);

    [Fact]
    public void A_property_may_not_stand_twice_nor_in_the_wrong_packet()
    {
        Refused(new ConnectBuilder { Properties = Packets.Properties([0x21, 0, 5], [0x21, 0, 5]) });
        Refused(new ConnectBuilder { Properties = Packets.Properties([0x23, 0, 1]) });
        Refused(new ConnectBuilder { Properties = Packets.Properties([0x21, 0, 0]) });
        Refused(new ConnectBuilder { Properties = Packets.Properties([0x17, 2]) });
        Refused(new ConnectBuilder { Properties = Packets.Properties([0x7F, 2]) });
    }

    private static void Refused(ConnectBuilder connect) => Assert.Throws<MqttProtocolException>(() => Read(connect.Build()[2..]));

    private static void Read(byte[] body) => ConnectPacket.Read(body, out _);
}
