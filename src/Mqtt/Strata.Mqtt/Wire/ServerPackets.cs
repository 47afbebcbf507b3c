using System.Text;

namespace Strata.Mqtt.Wire;

/// <summary>What the server may say beside PUBLISH, written into spans of at least the stated size.</summary>
internal static class ServerPackets
{
    /// <summary>Enough for every packet here, given <see cref="MaxReasonBytes"/>.</summary>
    public const int MaxSize = 1024;

    /// <summary>A longer reason is cut.</summary>
    public const int MaxReasonBytes = 512;

    public static ReadOnlySpan<byte> PingResp => [0xD0, 0x00];

    /// <summary>CONNACK to MQTT 3.1.1: return codes of table 3.1.</summary>
    public static int ConnAck311(Span<byte> destination, MqttReasonCode reasonCode, bool sessionPresent = false)
    {
        byte returnCode = reasonCode switch
        {
            MqttReasonCode.Success => 0,
            MqttReasonCode.UnsupportedProtocolVersion => 1,
            MqttReasonCode.ClientIdentifierNotValid => 2,
            MqttReasonCode.BadUserNameOrPassword or MqttReasonCode.BadAuthenticationMethod => 4,
            MqttReasonCode.NotAuthorized or MqttReasonCode.Banned => 5,
            _ => 3,
        };
        ReadOnlySpan<byte> packet = [0x20, 2, (byte)(sessionPresent ? 1 : 0), returnCode];
        packet.CopyTo(destination);
        return packet.Length;
    }

    /// <summary>CONNACK to MQTT 5 that accepts: what this server offers, where it differs from the specification's default.</summary>
    /// <param name="sessionExpirySeconds">What is granted, where it is not what was asked; null otherwise.</param>
    public static int ConnAck500(
        Span<byte> destination, MqttOptions options, bool sessionPresent, string? assignedClientId, ushort? serverKeepAlive, uint? sessionExpirySeconds,
        (string Method, byte[] Data)? authentication)
    {
        Span<byte> scratch = stackalloc byte[MaxSize];
        var properties = new WireWriter(scratch);
        if (sessionExpirySeconds is { } expiry)
        {
            properties.Byte((byte)PropertyId.SessionExpiryInterval);
            properties.UInt32(expiry);
        }

        properties.Byte((byte)PropertyId.ReceiveMaximum);
        properties.UInt16(options.ReceiveMaximum);
        if (options.MaxQoS < 2)
            Flag(ref properties, PropertyId.MaximumQoS, (byte)options.MaxQoS);
        if (!options.RetainAvailable)
            Flag(ref properties, PropertyId.RetainAvailable, 0);
        properties.Byte((byte)PropertyId.MaximumPacketSize);
        properties.UInt32((uint)options.MaxPacketSize);
        if (assignedClientId is not null)
        {
            properties.Byte((byte)PropertyId.AssignedClientIdentifier);
            properties.String(assignedClientId);
        }

        properties.Byte((byte)PropertyId.TopicAliasMaximum);
        properties.UInt16(options.TopicAliasMaximum);
        if (serverKeepAlive is { } seconds)
        {
            properties.Byte((byte)PropertyId.ServerKeepAlive);
            properties.UInt16(seconds);
        }

        if (authentication is { } proof)
            Authentication(ref properties, proof.Method, proof.Data);
        return WithProperties(destination, PacketType.ConnAck, [(byte)(sessionPresent ? 1 : 0), 0], properties.Written);
    }

    /// <summary>AUTH with the server's next message (MQTT 5.0 3.15).</summary>
    public static int Auth(Span<byte> destination, MqttReasonCode reasonCode, string method, byte[] data)
    {
        Span<byte> scratch = stackalloc byte[MaxSize];
        var properties = new WireWriter(scratch);
        Authentication(ref properties, method, data);
        return WithProperties(destination, PacketType.Auth, [(byte)reasonCode], properties.Written);
    }

    /// <summary>CONNACK to MQTT 5 that refuses.</summary>
    public static int ConnAck500(Span<byte> destination, MqttReasonCode reasonCode, string? reason, uint maxPacketSize, string? serverReference = null) =>
        WithReason(destination, PacketType.ConnAck, [0, (byte)reasonCode], reason, maxPacketSize, serverReference);

    /// <summary>PUBACK, PUBREC, PUBREL or PUBCOMP that says success.</summary>
    public static int Ack(Span<byte> destination, PacketType type, ushort packetId)
    {
        destination[3] = (byte)packetId;
        destination[2] = (byte)(packetId >> 8);
        destination[1] = 2;
        destination[0] = (byte)(((int)type << 4) | (type == PacketType.PubRel ? 2 : 0));
        return 4;
    }

    /// <summary>The same for MQTT 5 with a reason.</summary>
    public static int Ack(Span<byte> destination, PacketType type, ushort packetId, MqttReasonCode reasonCode, string? reason, uint maxPacketSize)
    {
        ReadOnlySpan<byte> fields = [(byte)(packetId >> 8), (byte)packetId, (byte)reasonCode];
        if (reason is not null)
            return WithReason(destination, type, fields, reason, maxPacketSize);
        destination[0] = (byte)(((int)type << 4) | (type == PacketType.PubRel ? 2 : 0));
        destination[1] = 3;
        fields.CopyTo(destination[2..]);
        return 5;
    }

    public static int Disconnect500(Span<byte> destination, MqttReasonCode reasonCode, string? reason, uint maxPacketSize, string? serverReference = null) =>
        WithReason(destination, PacketType.Disconnect, [(byte)reasonCode], reason, maxPacketSize, serverReference);

    /// <summary>SUBACK, or UNSUBACK for MQTT 5: the head that precedes the reason codes; 3.1.1 has no property length.</summary>
    public static int SubAckHead(Span<byte> destination, PacketType type, ushort packetId, int codes, MqttProtocolVersion version)
    {
        var writer = new WireWriter(destination);
        writer.Byte((byte)((int)type << 4));
        writer.VariableInteger(2 + (version == MqttProtocolVersion.V500 ? 1 : 0) + codes);
        writer.UInt16(packetId);
        if (version == MqttProtocolVersion.V500)
            writer.Byte(0);
        return writer.Length;
    }

    private static void Authentication(ref WireWriter properties, string method, byte[] data)
    {
        properties.Byte((byte)PropertyId.AuthenticationMethod);
        properties.String(method);
        properties.Byte((byte)PropertyId.AuthenticationData);
        properties.Binary(data);
    }

    private static void Flag(ref WireWriter writer, PropertyId id, byte value)
    {
        writer.Byte((byte)id);
        writer.Byte(value);
    }

    /// <summary>The reason string is left out when the packet would be larger than the peer takes (MQTT-3.2.2-19, MQTT-3.4.2-2, MQTT-3.14.2-3).</summary>
    private static int WithReason(
        Span<byte> destination, PacketType type, ReadOnlySpan<byte> fields, string? reason, uint maxPacketSize, string? serverReference = null)
    {
        Span<byte> scratch = stackalloc byte[MaxSize];
        var properties = new WireWriter(scratch);
        if (serverReference is not null)
        {
            properties.Byte((byte)PropertyId.ServerReference);
            properties.String(serverReference);
        }

        var withoutReason = properties.Length;
        if (!string.IsNullOrEmpty(reason))
        {
            Span<byte> text = stackalloc byte[MaxReasonBytes];
            Encoding.UTF8.GetEncoder().Convert(reason, text, flush: false, out _, out var used, out _);
            properties.Byte((byte)PropertyId.ReasonString);
            properties.Binary(text[..used]);
        }

        // Type, remaining length, property length take 5 at most.
        bool Fits(int length) => maxPacketSize == 0 || 5 + length <= maxPacketSize;
        var kept = Fits(fields.Length + properties.Length) ? properties.Length : Fits(fields.Length + withoutReason) ? withoutReason : 0;
        return WithProperties(destination, type, fields, properties.Written[..kept]);
    }

    private static int WithProperties(Span<byte> destination, PacketType type, ReadOnlySpan<byte> fields, ReadOnlySpan<byte> properties)
    {
        var writer = new WireWriter(destination);
        writer.Byte((byte)((int)type << 4));
        writer.VariableInteger(fields.Length + VariableByteInteger.LengthOf(properties.Length) + properties.Length);
        writer.Bytes(fields);
        writer.VariableInteger(properties.Length);
        writer.Bytes(properties);
        return writer.Length;
    }
}
