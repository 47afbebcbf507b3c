using System.Text;

namespace Strata.Mqtt.Tests.Wire;

public sealed class UserPropertyReaderTests
{
    [Fact]
    public void Pairs_come_in_order_and_other_properties_are_skipped()
    {
        byte[] block =
        [
            .. Packets.User("a", "1"), 0x01, 1, .. Packets.User("", ""), 0x02, 0, 0, 0, 9, 0x03, .. Packets.Text("json"), 0x0B, 0x80, 0x01, 0x23, 0, 1,
            .. Packets.User("ä", "2"), 0x09, 0, 1, 0xFF,
        ];
        var reader = new UserPropertyReader(block);
        var seen = new List<string>();
        while (reader.TryRead(out var name, out var value))
            seen.Add($"{Encoding.UTF8.GetString(name)}={Encoding.UTF8.GetString(value)}");
        Assert.Equal(["a=1", "=", "ä=2"], seen);
    }

    [Fact]
    public void What_the_builder_writes_is_read_again()
    {
        var properties = new PublishProperties().WithContentType("application/json").WithUserProperty("k", "v").WithResponseTopic("r");
        var reader = new UserPropertyReader(properties.Encoded);
        Assert.True(reader.TryRead(out var name, out var value));
        Assert.Equal("k=v", $"{Encoding.UTF8.GetString(name)}={Encoding.UTF8.GetString(value)}");
        Assert.False(reader.TryRead(out _, out _));
    }
}
