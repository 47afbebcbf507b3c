using System.Text;

namespace Strata.Mqtt.Tests;

/// <summary>Writes packets as a client would, right or wrong.</summary>
public static class Packets
{
    public static byte[] Frame(byte first, byte[] body) => [first, .. VarInt(body.Length), .. body];

    public static byte[] Text(string value) => Binary(Encoding.UTF8.GetBytes(value));

    public static byte[] Binary(byte[] value) => [(byte)(value.Length >> 8), (byte)value.Length, .. value];

    public static byte[] U16(int value) => [(byte)(value >> 8), (byte)value];

    public static byte[] U32(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];

    public static byte[] VarInt(int value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }

    /// <summary>Properties with their length in front.</summary>
    public static byte[] Properties(params byte[][] properties)
    {
        var all = properties.SelectMany(static property => property).ToArray();
        return [.. VarInt(all.Length), .. all];
    }

    public static byte[] User(string name, string value) => [0x26, .. Text(name), .. Text(value)];

    public static byte[] Publish(
        string topic, string payload, int packetId = 0, int qos = 1, byte version = 5, byte[]? properties = null, bool retain = false, bool duplicate = false) =>
        Frame(
            (byte)(0x30 | (duplicate ? 8 : 0) | (qos << 1) | (retain ? 1 : 0)),
            [
                .. Text(topic), .. qos > 0 ? U16(packetId) : [], .. version == 5 ? properties ?? [0] : [], .. Encoding.UTF8.GetBytes(payload),
            ]);

    public static byte[] Subscribe(int packetId, byte version, params (string Filter, byte Options)[] filters) =>
        Frame(0x82, [.. U16(packetId), .. version == 5 ? [0] : Array.Empty<byte>(), .. filters.SelectMany(static f => (byte[])[.. Text(f.Filter), f.Options])]);

    public static byte[] Unsubscribe(int packetId, byte version, params string[] filters) =>
        Frame(0xA2, [.. U16(packetId), .. version == 5 ? [0] : Array.Empty<byte>(), .. filters.SelectMany(Text)]);

    public static byte[] PubAck(int packetId) => [0x40, 2, .. U16(packetId)];

    public static byte[] PubRec(int packetId) => [0x50, 2, .. U16(packetId)];

    public static byte[] PubRel(int packetId) => [0x62, 2, .. U16(packetId)];

    public static byte[] PubComp(int packetId) => [0x70, 2, .. U16(packetId)];

    public static byte[] PingReq => [0xC0, 0];

    public static byte[] Disconnect => [0xE0, 0];
}

/// <summary>A CONNECT, field by field.</summary>
public sealed class ConnectBuilder
{
    public string Protocol { get; set; } = "MQTT";

    public byte Version { get; set; } = 5;

    public bool CleanStart { get; set; } = true;

    public int KeepAlive { get; set; }

    public string ClientId { get; set; } = "";

    public string? UserName { get; set; }

    public byte[]? Password { get; set; }

    public (string Topic, string Payload, int QoS, bool Retain)? Will { get; set; }

    public byte[] WillProperties { get; set; } = [0];

    public byte[] Properties { get; set; } = [0];

    /// <summary>Bits to flip in the flags.</summary>
    public byte FlipFlags { get; set; }

    public byte[] Build()
    {
        var flags = (CleanStart ? 2 : 0) | (UserName is null ? 0 : 0x80) | (Password is null ? 0 : 0x40);
        byte[] will = [];
        if (Will is { } message)
        {
            flags |= 4 | (message.QoS << 3) | (message.Retain ? 0x20 : 0);
            will = [.. Version == 5 ? WillProperties : [], .. Packets.Text(message.Topic), .. Packets.Text(message.Payload)];
        }

        return Packets.Frame(0x10,
        [
            .. Packets.Text(Protocol), Version, (byte)(flags ^ FlipFlags), .. Packets.U16(KeepAlive), .. Version == 5 ? Properties : [],
            .. Packets.Text(ClientId), .. will, .. UserName is null ? [] : Packets.Text(UserName), .. Password is null ? [] : Packets.Binary(Password),
        ]);
    }
}
