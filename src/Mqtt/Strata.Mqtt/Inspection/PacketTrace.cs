using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using System.Threading.Channels;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Inspection;

/// <summary>
/// The packets of one client id, for somebody who looks. Whoever handles a packet makes its line and puts it into a bounded buffer; when that is full the line is lost and
/// counted, and the client goes on.
/// </summary>
internal sealed class PacketTrace(string clientId, string? @namespace, int payloadBytes, TimeProvider time)
{
    /// <summary>Lines that wait for a slow reader.</summary>
    public const int MaxLines = 1024;

    /// <summary>The most of a payload that a line holds.</summary>
    public const int MaxPayloadBytes = 1024;

    private const int MaxFilters = 16;

    private readonly Channel<TraceLine> lines = Channel.CreateBounded<TraceLine>(new BoundedChannelOptions(MaxLines) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });
    private long lost;

    public ChannelReader<TraceLine> Lines => lines.Reader;

    public bool IsOf(string otherNamespace, string otherClientId) => otherClientId == clientId && (@namespace is null || otherNamespace == @namespace);

    public void End() => lines.Writer.TryComplete();

    /// <summary>A packet from the client.</summary>
    /// <param name="body">What follows the remaining length.</param>
    public static void In(PacketTrace[] traces, byte first, ReadOnlySpan<byte> body, MqttProtocolVersion version)
    {
        foreach (var trace in traces)
            trace.Put(trace.Line("in", first, body, default, 1 + VariableByteInteger.LengthOf(body.Length) + body.Length, version));
    }

    /// <summary>A packet to the client, whole in one or two pieces.</summary>
    public static void Out(PacketTrace[] traces, ReadOnlySpan<byte> packet, ReadOnlySpan<byte> rest, MqttProtocolVersion version)
    {
        if (!VariableByteInteger.TryRead(packet[1..], out _, out var length))
            return;
        foreach (var trace in traces)
            trace.Put(trace.Line("out", packet[0], packet[(1 + length)..], rest, packet.Length + rest.Length, version));
    }

    /// <summary>PUBACK or PUBREC to the client, that says success.</summary>
    public static void Ack(PacketTrace[] traces, PacketType type, ushort packetId)
    {
        foreach (var trace in traces)
            trace.Put(trace.Empty("out", type, 4) with { PacketId = packetId });
    }

    /// <summary>The CONNECT that was accepted.</summary>
    public static void Connect(PacketTrace[]? traces, MqttClient client)
    {
        foreach (var trace in traces ?? [])
            trace.Put(trace.Empty("in", PacketType.Connect, 0) with { Note = $"MQTT {VersionName(client.Version)} from {client.RemoteEndPoint?.ToString() ?? "a local socket"}{(client.UserName is { } user ? $" as {user}" : "")}" });
    }

    public static string VersionName(MqttProtocolVersion version) => version switch
    {
        MqttProtocolVersion.V500 => "5.0",
        MqttProtocolVersion.V311 => "3.1.1",
        _ => "3.1",
    };

    private TraceLine Empty(string direction, PacketType type, int size) => new(time.GetUtcNow(), direction, PacketNames.Of(type), size);

    private void Put(TraceLine line)
    {
        var missed = Interlocked.Exchange(ref lost, 0);
        if (!lines.Writer.TryWrite(missed == 0 ? line : line with { LostBefore = missed }))
            Interlocked.Add(ref lost, missed + 1);
    }

    private TraceLine Line(string direction, byte first, ReadOnlySpan<byte> body, ReadOnlySpan<byte> rest, int size, MqttProtocolVersion version)
    {
        var type = (PacketType)(first >> 4);
        var line = Empty(direction, type, size);
        try
        {
            return type switch
            {
                PacketType.Publish => Publish(line, first, body, rest, version),
                PacketType.Subscribe or PacketType.Unsubscribe => Filters(line, body, version, type == PacketType.Unsubscribe),
                PacketType.SubAck or PacketType.UnsubAck => line with { PacketId = BinaryPrimitives.ReadUInt16BigEndian(body), Reason = Reasons(rest.IsEmpty ? Codes(body, version) : rest, version) },
                PacketType.PubAck or PacketType.PubRec or PacketType.PubRel or PacketType.PubComp =>
                    line with { PacketId = BinaryPrimitives.ReadUInt16BigEndian(body), Reason = body.Length > 2 ? Reason(body[2]) : null },
                PacketType.ConnAck => line with { Reason = version == MqttProtocolVersion.V500 ? Reason(body[1]) : $"0x{body[1]:X2}", Note = (body[0] & 1) == 1 ? "session present" : null },
                PacketType.Disconnect or PacketType.Auth => line with { Reason = body.IsEmpty ? null : Reason(body[0]) },
                _ => line,
            };
        }
        catch (Exception malformed) when (malformed is MqttProtocolException or ArgumentOutOfRangeException or IndexOutOfRangeException)
        {
            return line with { Note = "malformed" };
        }
    }

    private TraceLine Publish(TraceLine line, byte first, ReadOnlySpan<byte> body, ReadOnlySpan<byte> rest, MqttProtocolVersion version)
    {
        var packet = PublishPacket.Read(first, body, version);
        var payload = packet.Payload.IsEmpty ? rest : packet.Payload;
        return line with
        {
            PacketId = packet.PacketId == 0 ? null : packet.PacketId, QoS = packet.QoS, Retain = packet.Retain, Duplicate = packet.Duplicate,
            Topic = packet.Topic.IsEmpty ? null : Encoding.UTF8.GetString(packet.Topic), Note = packet.Topic.IsEmpty ? "by topic alias" : null,
            PayloadBytes = payload.Length, Payload = payloadBytes > 0 ? Show(payload[..Math.Min(payload.Length, payloadBytes)]) : null,
        };
    }

    private static TraceLine Filters(TraceLine line, ReadOnlySpan<byte> body, MqttProtocolVersion version, bool unsubscribe)
    {
        var packet = SubscribePacket.Read(body, version, unsubscribe);
        var filters = new List<string>();
        while (filters.Count < MaxFilters && packet.TryRead())
            filters.Add(Encoding.UTF8.GetString(packet.Filter));
        return line with { PacketId = packet.PacketId, Topic = string.Join(' ', filters) };
    }

    private static ReadOnlySpan<byte> Codes(ReadOnlySpan<byte> body, MqttProtocolVersion version) => body[(version == MqttProtocolVersion.V500 ? 3 : 2)..];

    private static string? Reasons(ReadOnlySpan<byte> codes, MqttProtocolVersion version)
    {
        var names = new List<string>();
        foreach (var code in codes[..Math.Min(codes.Length, MaxFilters)])
            names.Add(version == MqttProtocolVersion.V500 || code < 0x80 ? Reason(code) ?? "" : "Failure");
        return names.Count == 0 ? null : string.Join(' ', names);
    }

    private static string? Reason(byte code) => ((MqttReasonCode)code).ToString();

    private static string Show(ReadOnlySpan<byte> payload)
    {
        // A character that was cut at the end does not make it binary.
        for (var cut = 0; cut < 4 && cut <= payload.Length; cut++)
        {
            if (Utf8.IsValid(payload[..^cut]) && Encoding.UTF8.GetString(payload[..^cut]) is var text && !text.Any(static c => char.IsControl(c) && c is not ('\t' or '\n' or '\r')))
                return text;
        }

        return "0x" + Convert.ToHexString(payload);
    }
}
