using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Tests.Wire;

public sealed class StringTests
{
    [Theory]
    [InlineData("C080")] // overlong U+0000
    [InlineData("C1BF")] // overlong
    [InlineData("E08080")] // overlong
    [InlineData("EDA080")] // surrogate U+D800
    [InlineData("EDBFBF")] // surrogate U+DFFF
    [InlineData("F4908080")] // beyond U+10FFFF
    [InlineData("FF")]
    [InlineData("E282")] // cut
    [Spec("MQTT-1.5.4-1")]
    public void Ill_formed_UTF8_is_malformed(string hex)
    {
        var bytes = Convert.FromHexString(hex);
        var error = Assert.Throws<MqttProtocolException>(() => new WireReader([0, (byte)bytes.Length, .. bytes]).ReadString().Length);
        Assert.Equal(MqttReasonCode.MalformedPacket, error.ReasonCode);
    }

    [Fact]
    [Spec("MQTT-1.5.4-2")]
    public void U0000_is_malformed() => Assert.Throws<MqttProtocolException>(() => new WireReader([0, 3, 0x61, 0, 0x62]).ReadString().Length);

    [Fact]
    [Spec("MQTT-1.5.4-3")]
    public void A_byte_order_mark_is_kept() => Assert.Equal(4, new WireReader([0, 4, 0xEF, 0xBB, 0xBF, 0x61]).ReadString().Length);

    [Fact]
    public void A_string_longer_than_its_packet_is_malformed() =>
        Assert.Throws<MqttProtocolException>(() => new WireReader([0xFF, 0xFF, 0x61]).ReadString().Length);
}
