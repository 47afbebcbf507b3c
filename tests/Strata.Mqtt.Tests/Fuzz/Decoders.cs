using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Mqtt.Access;
using Strata.Mqtt.Broker;
using Strata.Mqtt.Connections;
using Strata.Mqtt.Delivery;
using Strata.Mqtt.Durability;
using Strata.Mqtt.Subscriptions;
using Strata.Mqtt.Transports;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Tests.Fuzz;

/// <summary>Everything that reads what others wrote. Where the engine or the tests can write the same, what was read is written and must be what was there.</summary>
internal static class Decoders
{
    public static IReadOnlyList<Decoder> All { get; } =
    [
        new("frames", typeof(MqttProtocolException), Frames),
        new("connect", typeof(MqttProtocolException), Connect),
        new("publish", typeof(MqttProtocolException), Publish),
        new("subscribe", typeof(MqttProtocolException), static input => Subscribe(input, unsubscribe: false)),
        new("unsubscribe", typeof(MqttProtocolException), static input => Subscribe(input, unsubscribe: true)),
        new("acknowledgement", typeof(MqttProtocolException), Acknowledgement),
        new("disconnect", typeof(MqttProtocolException), Disconnect),
        new("auth", typeof(MqttProtocolException), Auth),
        new("properties", typeof(MqttProtocolException), Properties),
        new("integer", typeof(MqttProtocolException), Integer),
        new("proxy", null, Proxy),
        new("scram-first", null, ScramFirst),
        new("scram-final", null, ScramFinal),
        new("password-hash", typeof(FormatException), Hash),
        new("rules", typeof(FormatException), Rules, Rounds: 3000),
        new("users", typeof(BrokerConfigurationException), Users, Rounds: 500),
        new("records", typeof(InvalidDataException), Records, Overhead: 256 * 1024),
        new("journal", typeof(InvalidDataException), JournalFile, Rounds: 150, Overhead: 4 << 20),
    ];

    private static string? Frames(ReadOnlySpan<byte> input)
    {
        const int Limit = 4096;
        var bytes = input.ToArray();
        var text = new StringBuilder();
        var written = new List<byte>();
        var reader = new FrameReader(new ReadOnlySequence<byte>(bytes), Limit, shortestForm: true);
        while (reader.TryRead(out var first, out var body))
        {
            text.Append($"{first:X2} {Convert.ToHexString(body)} ");
            written.AddRange(Packets.Frame(first, body.ToArray()));
        }

        var consumed = (int)new ReadOnlySequence<byte>(bytes).Slice(0, reader.Consumed).Length;
        Same(bytes.AsSpan(0, consumed), written.ToArray());
        return text.ToString();
    }

    private static string? Connect(ReadOnlySpan<byte> input)
    {
        var packet = ConnectPacket.Read(input, out var version);
        var handshake = Handshake.From(packet, new MqttOptions { MaxTopicBytes = 65_535, MaxClientIdBytes = 65_535 }, offersScram: true, null);
        var text = Text(packet);
        var again = ConnectPacket.Read(Written(packet), out _);
        Assert.Equal(text, Text(again));
        return $"{version} {text} {handshake.SessionExpirySeconds} {handshake.KeepAlive} {handshake.Will?.DelaySeconds}";
    }

    private static byte[] Written(in ConnectPacket packet)
    {
        var properties = new List<byte[]> { (byte[])[0x11, .. Packets.U32(packet.SessionExpirySeconds)], (byte[])[0x21, .. Packets.U16(packet.ReceiveMaximum)], (byte[])[0x22, .. Packets.U16(packet.TopicAliasMaximum)], (byte[])[0x17, (byte)(packet.RequestProblemInformation ? 1 : 0)] };
        if (packet.MaximumPacketSize > 0)
            properties.Add([0x27, .. Packets.U32(packet.MaximumPacketSize)]);
        if (packet.HasAuthenticationMethod)
            properties.Add([0x15, .. Packets.Binary(packet.AuthenticationMethod.ToArray()), 0x16, .. Packets.Binary(packet.AuthenticationData.ToArray())]);
        var flags = (packet.CleanStart ? 2 : 0) | (packet.HasWill ? 4 : 0) | (packet.WillQoS << 3) | (packet.WillRetain ? 0x20 : 0) | (packet.HasPassword ? 0x40 : 0) | (packet.HasUserName ? 0x80 : 0);
        var is5 = packet.Version == MqttProtocolVersion.V500;
        return
        [
            .. Packets.Text(packet.Version == MqttProtocolVersion.V31 ? "MQIsdp" : "MQTT"), (byte)packet.Version, (byte)flags, .. Packets.U16(packet.KeepAliveSeconds),
            .. is5 ? Packets.Properties([.. properties]) : [], .. Packets.Binary(packet.ClientId.ToArray()),
            .. packet.HasWill
                ? (byte[])[.. is5 ? Packets.Properties(packet.WillProperties.ToArray()) : [], .. Packets.Binary(packet.WillTopic.ToArray()), .. Packets.Binary(packet.WillPayload.ToArray())]
                : [],
            .. packet.HasUserName ? Packets.Binary(packet.UserName.ToArray()) : [], .. packet.HasPassword ? Packets.Binary(packet.Password.ToArray()) : [],
        ];
    }

    private static string Text(in ConnectPacket p) =>
        $"{p.Version} {p.CleanStart} {p.KeepAliveSeconds} id {Hex(p.ClientId)} user {p.HasUserName} {Hex(p.UserName)} password {p.HasPassword} {Hex(p.Password)} "
        + $"will {p.HasWill} {p.WillQoS} {p.WillRetain} {Hex(p.WillTopic)} {Hex(p.WillPayload)} {Hex(p.WillProperties)} expiry {p.SessionExpirySeconds} receive {p.ReceiveMaximum} "
        + $"size {p.MaximumPacketSize} aliases {p.TopicAliasMaximum} problems {p.RequestProblemInformation} method {p.HasAuthenticationMethod} {Hex(p.AuthenticationMethod)} {Hex(p.AuthenticationData)}";

    /// <summary>The first byte is that of the packet; with QoS 0 and retain set it is one of MQTT 3.1.1.</summary>
    private static string? Publish(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
            return null;
        var version = (input[0] & 0x0F) == 1 ? MqttProtocolVersion.V311 : MqttProtocolVersion.V500;
        var packet = PublishPacket.Read(input[0], input[1..], version);
        Same(input[1..],
        [
            .. Packets.Binary(packet.Topic.ToArray()), .. packet.QoS > 0 ? Packets.U16(packet.PacketId) : [],
            .. version == MqttProtocolVersion.V500 ? Packets.Properties(packet.Properties.ToArray()) : [], .. packet.Payload,
        ]);

        // As a subscriber gets it.
        var message = Message.From(packet.Topic, packet.Payload, packet.Properties, packet.QoS, packet.Retain);
        var head = new PublishHead();
        byte[] sent = [.. head.Encode(message, version, 0), .. packet.Payload];
        var start = 1 + VariableByteInteger.LengthAt(sent.AsSpan(1));
        var received = PublishPacket.Read(sent[0], sent.AsSpan(start), version);
        Assert.True(received.Topic.SequenceEqual(packet.Topic) && received.Payload.SequenceEqual(packet.Payload) && received.Properties.SequenceEqual(packet.Properties));
        return $"{packet.QoS} {packet.Retain} {packet.Duplicate} {packet.PacketId} {Hex(packet.Topic)} {Hex(packet.Properties)} {Hex(packet.Payload)} {message.ExpiryOffset}";
    }

    private static string? Subscribe(ReadOnlySpan<byte> input, bool unsubscribe)
    {
        var text = Read(input, unsubscribe, out var written);
        Assert.Equal(text, Read(written, unsubscribe, out _));
        return text;
    }

    private static string Read(ReadOnlySpan<byte> body, bool unsubscribe, out byte[] written)
    {
        var packet = SubscribePacket.Read(body, MqttProtocolVersion.V500, unsubscribe);
        var text = new StringBuilder().Append($"{packet.PacketId}");
        var filters = new List<byte>();
        var identifier = 0;
        while (packet.TryRead())
        {
            var options = packet.Options;
            identifier = options.Identifier;
            text.Append($" {Hex(packet.Filter)} {Topics.IsValidFilter(packet.Filter)} {options.QoS}{options.NoLocal}{options.RetainAsPublished}{options.RetainHandling} {options.Identifier}");
            filters.AddRange(Packets.Binary(packet.Filter.ToArray()));
            if (!unsubscribe)
                filters.Add((byte)(options.QoS | (options.NoLocal ? 4 : 0) | (options.RetainAsPublished ? 8 : 0) | ((int)options.RetainHandling << 4)));
        }

        written = [.. Packets.U16(packet.PacketId), .. identifier == 0 ? [0] : Packets.Properties([0x0B, .. Packets.VarInt(identifier)]), .. filters];
        return text.ToString();
    }

    private static string? Acknowledgement(ReadOnlySpan<byte> input)
    {
        var id = ReasonPackets.ReadAck(input, MqttProtocolVersion.V500, out var reason);
        Span<byte> packet = stackalloc byte[64];
        var length = ServerPackets.Ack(packet, PacketType.PubAck, id, reason, null, 0);
        Assert.Equal(id, ReasonPackets.ReadAck(packet[2..length], MqttProtocolVersion.V500, out var again));
        Assert.Equal(reason, again);
        return $"{id} {reason}";
    }

    private static string? Disconnect(ReadOnlySpan<byte> input)
    {
        var reason = ReasonPackets.ReadDisconnect(input, MqttProtocolVersion.V500, out var expiry);
        byte[] written = expiry is { } seconds ? [(byte)reason, .. Packets.Properties([0x11, .. Packets.U32(seconds)])] : [(byte)reason];
        Assert.Equal(reason, ReasonPackets.ReadDisconnect(written, MqttProtocolVersion.V500, out var again));
        Assert.Equal(expiry, again);
        return $"{reason} {expiry}";
    }

    private static string? Auth(ReadOnlySpan<byte> input)
    {
        var packet = AuthPacket.Read(input);
        if (packet.HasMethod)
        {
            var again = AuthPacket.Read([(byte)packet.ReasonCode, .. Packets.Properties([0x15, .. Packets.Binary(packet.Method.ToArray())], [0x16, .. Packets.Binary(packet.Data.ToArray())])]);
            Assert.True(again.ReasonCode == packet.ReasonCode && again.Method.SequenceEqual(packet.Method) && again.Data.SequenceEqual(packet.Data));
        }

        return $"{packet.ReasonCode} {packet.HasMethod} {Hex(packet.Method)} {Hex(packet.Data)}";
    }

    /// <summary>The first byte chooses the packet in which the block stands.</summary>
    private static string? Properties(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
            return null;
        ReadOnlySpan<ulong> allowed =
        [
            AllowedProperties.Publish, AllowedProperties.Will, AllowedProperties.Connect, AllowedProperties.Subscribe, AllowedProperties.Unsubscribe,
            AllowedProperties.Acknowledgement, AllowedProperties.Auth, AllowedProperties.Disconnect,
        ];
        var kind = input[0] & 7;
        var block = input[1..];
        var reader = new PropertyReader(block, allowed[kind]);
        var text = new StringBuilder();
        var users = 0;
        var end = 0;
        while (reader.TryRead())
        {
            Assert.Equal(end, reader.Start); // One behind the other.
            end = reader.End;
            users += reader.Id == PropertyId.UserProperty ? 1 : 0;
            text.Append($"{reader.Id} {Hex(block[reader.Start..reader.End])} ");
        }

        Assert.Equal(block.Length, end);
        if (kind > 1)
            return text.ToString();
        var pairs = new UserPropertyReader(block);
        while (kind == 0 && pairs.TryRead(out _, out _))
            users--;
        Assert.True(kind != 0 || users == 0);
        return text.ToString();
    }

    private static string? Integer(ReadOnlySpan<byte> input)
    {
        if (!VariableByteInteger.TryRead(input, out var value, out var length))
            return "incomplete";
        Assert.InRange(value, 0, VariableByteInteger.MaxValue);
        Span<byte> written = stackalloc byte[4];
        var shortest = VariableByteInteger.Write(written, value);
        if (shortest == length)
            Same(input[..length], written[..shortest]);
        Assert.InRange(length, shortest, 4);
        return $"{value} {length}";
    }

    private static string? Proxy(ReadOnlySpan<byte> input)
    {
        var header = ProxyHeader.Read(input);
        if (header.Status == ProxyHeaderStatus.Complete)
            Assert.InRange(header.Length, 1, input.Length);
        else
            Assert.Null(header.Source);
        return header.Status == ProxyHeaderStatus.Invalid ? null : $"{header.Status} {header.Length} {header.Source}";
    }

    private static string? ScramFirst(ReadOnlySpan<byte> input)
    {
        if (ScramExchange.Begin(input) is not { } exchange)
            return null;
        Assert.NotEmpty(exchange.User);
        var challenge = Encoding.UTF8.GetString(exchange.Challenge(null, "server"));
        Assert.StartsWith("r=", challenge, StringComparison.Ordinal);
        Assert.Null(exchange.Finish(input));
        return $"{exchange.User} {challenge}";
    }

    /// <summary>Nobody who does not know the password gets a final message.</summary>
    private static string? ScramFinal(ReadOnlySpan<byte> input)
    {
        var exchange = ScramExchange.Begin("n,,n=ada,r=clientnonce"u8)!;
        exchange.Challenge(Known, "server");
        return exchange.Finish(input) is { } final ? Encoding.UTF8.GetString(final) : null;
    }

    /// <summary>The hash of <c>correct horse</c>, always the same.</summary>
    internal static PasswordHash Known { get; } = PasswordHash.Parse(
        "SCRAM-SHA-256$4096:AAECAwQFBgcICQoLDA0ODw==$yERwYmHlx0VrpoYfOn54hMTjBUKWnmK42IDjnWgQWkk=:RQZr9F8QCYmmp35tAVzp0VB/kDwY283N+s24jDDliG4=");

    private static string? Hash(ReadOnlySpan<byte> input)
    {
        var hash = PasswordHash.Parse(Encoding.UTF8.GetString(input));
        Assert.Equal(hash.ToString(), PasswordHash.Parse(hash.ToString()).ToString());
        return hash.ToString();
    }

    private static string? Rules(ReadOnlySpan<byte> input)
    {
        var rules = AccessRules.Parse(Encoding.UTF8.GetString(input));
        var text = new StringBuilder();
        foreach (var names in new ClientNames[] { new("c", "u", "d"), new("", null), new("#", "+", "/"), new("$SYS", "a/b", "\0") })
        {
            text.Append(rules.Accepts(names));
            foreach (var topic in (string[])["a", "a/b", "$SYS/x", "/", "c/u"])
                text.Append(rules.MayPublish(names, Encoding.UTF8.GetBytes(topic)) ? 'p' : '-').Append(rules.MaySubscribe(names, topic) ? 's' : '-');
            text.Append(rules.MaySubscribe(names, "#") ? 's' : '-');
        }

        return text.ToString();
    }

    private static string? Users(ReadOnlySpan<byte> input)
    {
        var path = Path.Combine(Scratch, $"users-{Environment.CurrentManagedThreadId}");
        Write(path, input);
        var users = UserFile.Read(path, out _);
        return string.Join('\n', users.OrderBy(static u => u.Key, StringComparer.Ordinal).Select(static u => $"{u.Key}:{u.Value.Hash}"));
    }

    private static string? Records(ReadOnlySpan<byte> input)
    {
        var state = new StoredState(Clock);
        state.Read(input);
        state.Check(hasSkipped: false);
        var options = new MqttOptions { MaxInflightToClient = 16 };
        var @namespace = new MqttNamespace("main", new TestHost(), options, Clock, null);
        foreach (var session in state.Sessions)
            @namespace.Restore(session).Restore(session); // As a start does.
        var sessions = state.Sessions.OrderBy(static s => s.Id).Select(static s =>
            $"{s.Id} {s.Client} {s.Presence.ExpirySeconds} {s.Subscriptions.Count} {s.Received.Count} "
            + string.Join(',', s.Messages.Select(static m => $"{m.Number}/{m.PacketId}/{m.QoS}/{m.Message?.Length}")));
        return string.Join('\n', sessions) + string.Join(',', state.Retained.Select(static r => $"{r.Namespace} {r.Version} {r.Message?.Length} {r.Author}"));
    }

    /// <summary>A segment as it stands on the disk, alone in its directory.</summary>
    private static string? JournalFile(ReadOnlySpan<byte> input)
    {
        var folder = Path.Combine(Scratch, $"journal-{Environment.CurrentManagedThreadId}");
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(folder))
            File.Delete(file);
        Write(Path.Combine(folder, Journal.NameOf(1)), input);
        var text = new StringBuilder();
        var whole = input.ToArray();
        var found = JournalScan.Read(folder, skipDamaged: false, records =>
        {
            Assert.True(whole.AsSpan().IndexOf(records) >= 0); // Nothing is served that does not stand there.
            text.Append(Convert.ToHexString(records)).Append(' ');
        }, NullLogger.Instance);
        return $"{text}{found.NextSegment} {found.NextBatch} {string.Join(',', found.Segments.Values)}";
    }

    private static MqttClock Clock { get; } = new(new Microsoft.Extensions.Time.Testing.FakeTimeProvider());

    private static string Scratch { get; } = Directory.CreateTempSubdirectory("strata-fuzz-").FullName;

    private static void Write(string path, ReadOnlySpan<byte> content)
    {
        using var file = new FileStream(path, Storage.SafeFiles.Options(FileMode.Create, FileAccess.Write));
        file.Write(content);
    }

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexString(bytes);

    private static void Same(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> written)
    {
        if (!expected.SequenceEqual(written))
            Assert.Fail($"{Hex(expected)} was read and {Hex(written)} written.");
    }
}
