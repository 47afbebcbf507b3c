using System.Text;

namespace Strata.Bench.Mqtt.Drive;

/// <summary>What an MQTT 3.1.1 client sends.</summary>
internal static class Packets
{
    public static byte[] Disconnect { get; } = [0xE0, 0];

    public static byte[] Connect(string id, bool clean)
    {
        var name = Encoding.UTF8.GetBytes(id);
        return [0x10, .. Length(12 + name.Length), 0, 4, .. "MQTT"u8, 4, clean ? (byte)2 : (byte)0, 0, 0, .. Field(name)];
    }

    public static byte[] Subscribe(string filter, int qos)
    {
        var name = Encoding.UTF8.GetBytes(filter);
        return [0x82, .. Length(5 + name.Length), 0, 1, .. Field(name), (byte)qos];
    }

    /// <summary>A PUBLISH with packet id 0 and a payload of zeroes.</summary>
    public static byte[] Publish(string topic, int qos, int payload)
    {
        var name = Encoding.UTF8.GetBytes(topic);
        byte[] id = qos > 0 ? [0, 0] : [];
        return [(byte)(0x30 | (qos << 1)), .. Length(2 + name.Length + id.Length + payload), .. Field(name), .. id, .. new byte[payload]];
    }

    private static byte[] Field(byte[] value) => [(byte)(value.Length >> 8), (byte)value.Length, .. value];

    private static byte[] Length(int value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}
