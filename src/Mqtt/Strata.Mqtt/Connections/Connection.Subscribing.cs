using System.Buffers;
using System.Text;
using Strata.Mqtt.Delivery;
using Strata.Mqtt.Durability;
using Strata.Mqtt.Subscriptions;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Connections;

/// <summary>SUBSCRIBE and UNSUBSCRIBE: one reason code per filter, in order.</summary>
internal sealed partial class Connection
{
    private void Subscribe(ReadOnlySpan<byte> body)
    {
        var packet = SubscribePacket.Read(body, version, unsubscribe: false);
        var codes = new ArrayBufferWriter<byte>(8);
        var retained = new RetainedSearch(@namespace!.Retained, Options);
        var granted = new List<string>(1);
        while (packet.TryRead())
        {
            var code = Subscribe(packet.Filter, packet.Options, retained);
            if (code < MqttReasonCode.UnspecifiedError)
                granted.Add(Encoding.UTF8.GetString(packet.Filter));
            if (version != MqttProtocolVersion.V500 && code >= MqttReasonCode.UnspecifiedError)
                code = MqttReasonCode.UnspecifiedError;
            codes.Write([(byte)code]);
        }

        Reply(PacketType.SubAck, packet.PacketId, codes.WrittenSpan);
        if (retained.Batches.Count > 0)
        {
            if (session!.StoredAs > 0)
                @namespace!.Store!.Journal.Await(new AfterCommit(new RetainedBehindSubAck(this, retained.Batches)));
            else
                Deliver(retained.Batches);
        }

        if (granted.Count > 0)
            TellHost(static (host, client, filters) => host.Subscribed(client, filters), granted);
    }

    private void Deliver(IReadOnlyList<RetainedBatch> retained)
    {
        foreach (var batch in retained)
        {
            if (!session!.DeliverRetained(batch))
                Close(DisconnectCause.ByServer, MqttReasonCode.QuotaExceeded, "The client does not take the retained messages it asked for.");
        }
    }

    /// <param name="retained">Gets what the subscription finds retained.</param>
    private MqttReasonCode Subscribe(ReadOnlySpan<byte> filter, SubscriptionOptions options, RetainedSearch retained)
    {
        var topics = filter;
        var isShared = Topics.IsShared(filter);
        if (isShared && options.NoLocal)
            throw MqttProtocolException.Violation("No Local on a shared subscription.", "MQTT-3.8.3-4");
        if (isShared && !Topics.TrySplitShared(filter, out _, out topics))
            return MqttReasonCode.TopicFilterInvalid;
        if (filter.Length > Options.MaxTopicBytes || Topics.LevelCount(topics) > Options.MaxTopicLevels || !Topics.IsValidFilter(topics))
            return MqttReasonCode.TopicFilterInvalid;
        var name = Encoding.UTF8.GetString(filter);
        var access = broker.AccessVersion;
        if (!broker.Host.MaySubscribe(client!, isShared ? Encoding.UTF8.GetString(topics) : name))
            return MqttReasonCode.NotAuthorized;
        var granted = options with { QoS = (byte)Math.Min(options.QoS, Options.MaxQoS) };
        var counts = !session!.Has(name);
        var wantsRetained = !isShared && options.RetainHandling != RetainHandling.DoNotSend;
        if (wantsRetained && retained.IsExhausted)
            return MqttReasonCode.QuotaExceeded;
        if (counts && (session.SubscriptionCount >= broker.Options.MaxSubscriptionsPerClient || !broker.TakeSubscription()))
            return MqttReasonCode.QuotaExceeded;
        var isNew = session.Subscribe(this, name, granted);
        if (counts && isNew is null)
            broker.ReleaseSubscriptions(1);
        if (isNew is null)
            return MqttReasonCode.UnspecifiedError; // Another connection has the session; this one is closing.

        if (access != broker.AccessVersion)
            session.Review(broker.Host, client!); // Perhaps granted by the rules before.
        if (isNew == true)
            broker.Metrics.Subscribed(1);
        if (wantsRetained && (options.RetainHandling == RetainHandling.Send || isNew == true))
        {
            var version = @namespace!.Retained.Version;
            if (retained.Find(topics, granted, Topics.IsSystem(topics) ? broker.Sys.Match(@namespace, topics) : []) is { } batch)
                session.Owe(name, version, batch);
        }

        return (MqttReasonCode)granted.QoS;
    }

    private void Unsubscribe(ReadOnlySpan<byte> body)
    {
        var packet = SubscribePacket.Read(body, version, unsubscribe: true);
        var codes = new ArrayBufferWriter<byte>(8);
        while (packet.TryRead())
        {
            var existed = session!.Unsubscribe(this, Encoding.UTF8.GetString(packet.Filter));
            if (existed)
                broker.Metrics.Subscribed(-broker.ReleaseSubscriptions(1));
            codes.Write([(byte)(existed ? MqttReasonCode.Success : MqttReasonCode.NoSubscriptionExisted)]);
        }

        Reply(PacketType.UnsubAck, packet.PacketId, version == MqttProtocolVersion.V500 ? codes.WrittenSpan : default);
    }

    private void Reply(PacketType type, ushort packetId, ReadOnlySpan<byte> codes)
    {
        Span<byte> head = stackalloc byte[16];
        head = head[..ServerPackets.SubAckHead(head, type, packetId, codes.Length, version)];
        if (session!.StoredAs > 0)
            @namespace!.Store!.Journal.Await(new AfterCommit(Outbox, Packet: [.. head, .. codes]));
        else
            Outbox.Send(head, codes);
    }

    private sealed class RetainedBehindSubAck(Connection connection, IReadOnlyList<RetainedBatch> retained) : ICommitTarget
    {
        public void Committed(in AfterCommit after) => connection.Deliver(retained);

        public void CommitEnded()
        {
        }
    }
}
