using Strata.Mqtt.Delivery;
using Strata.Mqtt.Durability;
using Strata.Mqtt.Inspection;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Connections;

/// <summary>What the client publishes.</summary>
internal sealed partial class Connection
{
    [ThreadStatic]
    private static byte[]? spliced;

    private byte[]?[]? aliases;
    private long publishedBytes;
    private bool willAsked;

    private void Publish(byte first, ReadOnlySpan<byte> body)
    {
        publishes++;
        publishedBytes += body.Length;
        var packet = PublishPacket.Read(first, body, version);
        if (packet.Duplicate)
            duplicates++;
        if (packet.QoS > Options.MaxQoS)
            throw new MqttProtocolException(MqttReasonCode.QoSNotSupported, $"QoS {packet.QoS} is not available.", "MQTT-3.2.2-11");
        if (packet.Retain && !Options.RetainAvailable && version == MqttProtocolVersion.V500)
            throw new MqttProtocolException(MqttReasonCode.RetainNotSupported, "Retained messages are not available.", "MQTT-3.2.2-14");
        var properties = ReadProperties(packet, out var topic, out var userProperties, out var contentType);
        if (topic.IsEmpty)
            throw MqttProtocolException.Malformed("A topic name is empty.", "MQTT-4.7.3-1");
        PublishLimits.CheckTopic(topic, Options);
        var message = new InboundPublish
        {
            Topic = topic,
            Payload = packet.Payload,
            PacketId = packet.PacketId,
            QoS = packet.QoS,
            Retain = packet.Retain,
            Duplicate = packet.Duplicate,
            ContentType = contentType,
            UserProperties = userProperties,
            Properties = properties,
        };
        if (packet.QoS == 0)
            Offer(message, ticket: null);
        else if (packet.QoS == 1)
            Offer(message, EnterAck(packet.PacketId, exactlyOnce: false));
        else
            PublishOnce(message);
    }

    /// <summary>QoS 2: one that is known is answered again and goes nowhere (MQTT-4.3.3-10, MQTT-4.3.3-12).</summary>
    private void PublishOnce(in InboundPublish publish)
    {
        var acks = Outbox.Acks;
        var answered = acks.IsAnswered(publish.PacketId) ?? (session!.Received.Contains(publish.PacketId) ? true : null);
        if (answered == true)
        {
            if (acks.IsFull)
                Outbox.GrowAcks();
            acks.Complete(acks.Enter(publish.PacketId, exactlyOnce: true));
        }
        else if (answered is null)
        {
            Offer(publish, EnterAck(publish.PacketId, exactlyOnce: true));
        }
    }

    /// <summary>The client releases a QoS 2 publish (PUBREL).</summary>
    private void Release(ushort packetId)
    {
        var (isStored, known) = session!.Forget(packetId, known => new AfterCommit(Outbox, Packet: PubComp(packetId, known)));
        if (!isStored)
            Outbox.Reply(PubComp(packetId, known));
    }

    private byte[] PubComp(ushort packetId, bool known)
    {
        Span<byte> packet = stackalloc byte[8];
        return packet[..(known || version != MqttProtocolVersion.V500
            ? ServerPackets.Ack(packet, PacketType.PubComp, packetId)
            : ServerPackets.Ack(packet, PacketType.PubComp, packetId, MqttReasonCode.PacketIdentifierNotFound, null, 0))].ToArray();
    }

    private void Offer(in InboundPublish publish, int? ticket)
    {
        if (Topics.IsSystem(publish.Topic))
        {
            if (ticket is { } denied)
                Outbox.Refuse(denied, MqttReasonCode.NotAuthorized, "$SYS is the server's.");
            return;
        }

        var access = broker.AccessVersion;
        var verdict = broker.Host.OnPublish(client!, publish);
        switch (verdict.Action)
        {
            case PublishAction.Route:
                Route(publish, ticket);
                if (publish.Retain && access != broker.AccessVersion)
                    _ = broker.ReviewAccess(@namespace!.Name, session!.Owner); // Perhaps decided by the rules before.
                break;
            case PublishAction.Defer:
                burstOpen = true;
                break;
            default:
                if (ticket is { } refused)
                    Outbox.Refuse(refused, verdict.ReasonCode, verdict.Reason);
                break;
        }
    }

    private void Route(in InboundPublish publish, int? ticket)
    {
        var message = Message.From(publish.Topic, publish.Payload, publish.Properties, publish.QoS, publish.Retain);
        KeptMessage? kept = null;
        long retained = 0;
        if (publish.Retain && Options.RetainAvailable && !@namespace!.Retained.TrySet(message, session!.Identity, out kept, out retained))
        {
            @namespace.Totals.Lose(LossReason.RetainedFull);
            if (ticket is { } full)
                Outbox.Refuse(full, MqttReasonCode.QuotaExceeded, "There is no room for another retained message of this client or in its namespace.");
            return;
        }

        if (ticket is { } received && publish.QoS == 2)
            Outbox.Acks.Take(received);
        var after = ticket is { } waiting ? new AfterCommit(Outbox, waiting) : default;
        var routed = Router.Current.Route(@namespace!, message, new Origin(session, publish.PacketId, kept, retained, retained > 0 ? session!.Identity : null, after));
        if (ticket is { } done && !routed.IsStored)
            Outbox.Acks.Complete(done);
    }

    /// <summary>Whether a 3.1.1 client must wait: it knows no Receive Maximum.</summary>
    private bool IsFull()
    {
        if (version == MqttProtocolVersion.V500 || Outbox.Acks.Count < Options.ReceiveMaximum)
            return false;
        Outbox.EndBurst();
        return Outbox.Acks.Count >= Options.ReceiveMaximum;
    }

    private int EnterAck(ushort packetId, bool exactlyOnce)
    {
        var acks = Outbox.Acks;
        if (acks.Count - acks.CountTaken + session!.Received.Count >= Options.ReceiveMaximum)
            throw new MqttProtocolException(MqttReasonCode.ReceiveMaximumExceeded, "More unacknowledged publishes than the receive maximum.", "MQTT-3.3.4-7");
        if (acks.IsFull)
            Outbox.GrowAcks();
        return acks.Enter(packetId, exactlyOnce);
    }

    /// <summary>Validates the properties, resolves or sets a topic alias.</summary>
    /// <returns>The properties to pass on: all but the alias.</returns>
    private ReadOnlySpan<byte> ReadProperties(
        in PublishPacket packet, out ReadOnlySpan<byte> topic, out ReadOnlySpan<byte> userProperties, out ReadOnlySpan<byte> contentType)
    {
        topic = packet.Topic;
        userProperties = contentType = default;
        var block = packet.Properties;
        if (block.IsEmpty)
            return block;
        var properties = new PropertyReader(block, AllowedProperties.Publish);
        var (aliasStart, aliasEnd) = (0, 0);
        while (properties.TryRead())
        {
            switch (properties.Id)
            {
                case PropertyId.TopicAlias:
                    topic = Alias((int)properties.Number, topic);
                    (aliasStart, aliasEnd) = (properties.Start, properties.End);
                    break;
                case PropertyId.ContentType:
                    contentType = properties.Bytes;
                    break;
                case PropertyId.UserProperty when userProperties.IsEmpty:
                    userProperties = block[properties.Start..];
                    break;
            }
        }

        return aliasEnd == 0 ? block : Splice(block, aliasStart, aliasEnd);
    }

    private ReadOnlySpan<byte> Alias(int alias, ReadOnlySpan<byte> topic)
    {
        if (alias == 0 || alias > Options.TopicAliasMaximum)
            throw new MqttProtocolException(MqttReasonCode.TopicAliasInvalid, $"Topic alias {alias} is not 1 to {Options.TopicAliasMaximum}.", alias == 0 ? "MQTT-3.3.2-8" : "MQTT-3.3.2-9");
        aliases ??= new byte[Options.TopicAliasMaximum][];
        ref var known = ref aliases[alias - 1];
        if (topic.IsEmpty)
            return known ?? throw MqttProtocolException.Violation($"Topic alias {alias} is not set.", "5.0 3.3.2.3.4");
        PublishLimits.CheckTopic(topic, Options);
        if (known is null || !topic.SequenceEqual(known))
            known = topic.ToArray();
        return topic;
    }

    private static ReadOnlySpan<byte> Splice(ReadOnlySpan<byte> block, int start, int end)
    {
        if (start == 0)
            return block[end..];
        if (end == block.Length)
            return block[..start];
        var length = block.Length - (end - start);
        if (spliced is null || spliced.Length < length)
            spliced = new byte[length];
        block[..start].CopyTo(spliced);
        block[end..].CopyTo(spliced.AsSpan(start));
        return spliced.AsSpan(0, length);
    }
}
