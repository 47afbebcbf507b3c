using CsCheck;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Tests.Wire;

public sealed class VariableByteIntegerTests
{
    [Fact]
    public void What_is_written_is_read_again_in_the_shortest_form() => Gen.Int[0, VariableByteInteger.MaxValue].Sample(value =>
    {
        var bytes = new byte[4];
        var written = VariableByteInteger.Write(bytes, value);
        return VariableByteInteger.TryRead(bytes, out var read, out var length)
            && read == value && length == written && written == VariableByteInteger.LengthOf(value) && written == VariableByteInteger.LengthAt(bytes);
    });

    [Fact]
    public void Five_bytes_are_malformed()
    {
        var error = Assert.Throws<MqttProtocolException>(() => VariableByteInteger.TryRead([0xFF, 0xFF, 0xFF, 0xFF, 0x01], out _, out _));
        Assert.Equal(MqttReasonCode.MalformedPacket, error.ReasonCode);
    }

    [Fact]
    public void A_fourth_byte_that_asks_for_more_is_malformed_before_the_fifth_arrives() =>
        Assert.Throws<MqttProtocolException>(() => VariableByteInteger.TryRead([0x80, 0x80, 0x80, 0x80], out _, out _));

    [Fact]
    public void An_unfinished_one_needs_more_bytes() => Assert.False(VariableByteInteger.TryRead([0x80, 0x80], out _, out _));

    [Fact]
    [Spec("MQTT-1.5.5-1")]
    public void A_longer_form_than_needed_is_malformed() =>
        Assert.Throws<MqttProtocolException>(() => new WireReader([0x81, 0x00]).ReadVariableByteInteger());
}
