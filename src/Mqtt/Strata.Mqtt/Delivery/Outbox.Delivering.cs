using System.Buffers;
using System.Buffers.Binary;
using Strata.Mqtt.Durability;
using Strata.Mqtt.Inspection;
using Strata.Mqtt.Subscriptions;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Delivery;

/// <summary>Messages for what the client subscribed to.</summary>
internal sealed partial class Outbox
{
    private MessageFlow? flow;
    private TopicAliases? aliases;

    /// <summary>Messages would have to wait: somebody else of a shared subscription should rather have them.</summary>
    public bool IsBusy => Volatile.Read(ref flushing) || flow is null or { Waiting: > 0 } or { IsFull: true };

    /// <summary>QoS 1 and 2 messages under way to the client; nearly, without the lock.</summary>
    public int InFlight => flow?.Unacknowledged ?? 0;

    /// <summary>Retained messages that wait for it; nearly, without the lock.</summary>
    public long RetainedWaiting => flow?.RetainedWaiting ?? 0;

    /// <summary>Takes the messages of the client's session up, and sends what there is.</summary>
    public void Adopt(MessageFlow adopted, ushort receiveMaximum)
    {
        lock (gate)
        {
            flow = adopted;
            adopted.Resume(receiveMaximum);
            resumeLeft = adopted.Backlog;
            if (closed || flushing)
                return;
            SendWaiting();
            Flush();
        }
    }

    /// <summary>Gives the messages back to the session; nothing more is delivered here.</summary>
    public MessageFlow? GiveBack()
    {
        lock (gate)
        {
            var given = flow;
            flow = null;
            return given;
        }
    }

    /// <summary>Does something with the messages under the lock, when they are still here.</summary>
    public void WithFlow(Action<MessageFlow> action)
    {
        lock (gate)
        {
            if (flow is not null)
                action(flow);
        }
    }

    /// <summary>What was held back until it was on the disk may go.</summary>
    public void GoOnAfterCommit()
    {
        lock (gate)
        {
            if (flow is not null)
                GoOn();
        }
    }

    /// <summary>
    /// Writes a message or lets it wait. The caller sends with <see cref="FlushDeliveries"/> once it has delivered all it has, if
    /// <paramref name="wantsFlush"/> says so: another caller may have taken that upon itself already.
    /// </summary>
    /// <param name="kept">The copy for those who must wait or may lose their connection; made at most once per message.</param>
    public Delivered Deliver(in Message message, PublishHead head, in Receiver to, ref KeptMessage? kept, out bool wantsFlush)
    {
        wantsFlush = false;
        lock (gate)
        {
            if (closed || flow is null)
                return DeliveryResult.Gone;
            var start = Encode(message, head, to.QoS, to.Identifiers, out var newAlias);
            if (maxPacketSize != 0 && start.Length + message.Payload.Length > maxPacketSize)
                return DeliveryResult.TooLarge;
            var holds = flow.Holds(to.QoS);
            Outgoing outgoing = default;
            if (holds || flushing || flow.MustWait(to.QoS) || (to.QoS > 0 && (flow.Keeps || to.Shared is not null || to.Watch is not null)))
                outgoing = new Outgoing(kept ??= new KeptMessage(message, clock), to.QoS, to.Retain, to.Identifiers, to.Shared, to.Watch);
            if (holds && !flushing && flow.MayHold)
            {
                var held = flow.Hold(ref outgoing);
                return new Delivered(DeliveryResult.Queued, IsTaken: true, flow.PlaceOf(outgoing, held));
            }

            if (holds || flushing || flow.MustWait(to.QoS))
                return flow.Enqueue(outgoing, away: false);
            wantsFlush = !unflushed;
            var id = to.QoS > 0 ? flow.Send(ref outgoing, to.QoS) : (ushort)0;
            Write(start, message.Payload, to.Retain, id, duplicate: false);
            if (newAlias)
                aliases!.Set(message.Topic);
            if (unflushedBytes >= FlushAt)
                Flush();
            return new Delivered(DeliveryResult.Written, IsTaken: true, flow.PlaceOf(outgoing, id));
        }
    }

    /// <summary>A message that the session kept while this connection came.</summary>
    public Delivered Enqueue(in Outgoing outgoing)
    {
        lock (gate)
        {
            if (flow is null)
                return DeliveryResult.Gone;
            var result = flow.Enqueue(outgoing, away: false);
            if (result.IsTaken && !closed && !flushing)
            {
                SendWaiting();
                Flush();
            }

            return result;
        }
    }

    /// <summary>Retained messages for a new subscription; of a connection that is closing they stay with the session.</summary>
    /// <returns>False: more of them wait already than a namespace may hold.</returns>
    public bool DeliverRetained(RetainedBatch batch)
    {
        lock (gate)
        {
            if (flow is null)
                return true;
            if (flow.RetainedWaiting + batch.Left > 2L * options.MaxRetainedMessages)
                return false;
            flow.Enqueue(batch);
            if (closed || flushing)
                return true;
            SendWaiting();
            Flush();
            return true;
        }
    }

    /// <summary>The subscriber acknowledges a QoS 1 message (PUBACK). An unknown id is ignored.</summary>
    public void Acknowledged(ushort packetId)
    {
        lock (gate)
        {
            if (flow is null)
                return;
            CountAcknowledgement(packetId);
            if (flow.Acknowledge(packetId))
                GoOn();
        }
    }

    /// <summary>The subscriber has received a QoS 2 message (PUBREC), or refuses it: answered with PUBREL.</summary>
    public void Received2(ushort packetId, MqttReasonCode reasonCode)
    {
        Span<byte> packet = stackalloc byte[8];
        lock (gate)
        {
            if (flow is null || closed)
                return;
            CountAcknowledgement(packetId);
            var refused = reasonCode >= MqttReasonCode.UnspecifiedError;
            if (flow.Receive(packetId, refused) is not { } known)
                return;
            if (!refused)
            {
                Write(packet[..(known || version != MqttProtocolVersion.V500
                    ? ServerPackets.Ack(packet, PacketType.PubRel, packetId)
                    : ServerPackets.Ack(packet, PacketType.PubRel, packetId, MqttReasonCode.PacketIdentifierNotFound, null, maxPacketSize))]);
            }
            else if (known)
            {
                GoOn();
            }
        }
    }

    /// <summary>The subscriber is done with a QoS 2 message (PUBCOMP). An unknown id is ignored.</summary>
    public void Completed(ushort packetId)
    {
        lock (gate)
        {
            if (flow is not null && flow.Complete(packetId))
                GoOn();
        }
    }

    /// <summary>Under the lock: an id is free again.</summary>
    private void GoOn()
    {
        if (closed || flushing || !flow!.MustWait(0))
            return;
        SendWaiting();
        Flush();
    }

    private ReadOnlySpan<byte> Encode(in Message message, PublishHead head, byte qos, int[]? identifiers, out bool newAlias)
    {
        newAlias = false;
        if (version != MqttProtocolVersion.V500 || (aliases is null && identifiers is null))
            return head.Encode(message, version, qos);
        var isKnown = false;
        var alias = aliases?.Of(message.Topic, out isKnown) ?? 0;
        newAlias = alias != 0 && !isKnown;
        return head.EncodeOwn(message, qos, identifiers, alias, isKnown);
    }

    /// <summary>Under the lock: writes what was interrupted, then what waits, until the pipe or the window is full.</summary>
    private void SendWaiting()
    {
        if (flow is null)
            return;
        while (!flushing && flow.TakeAgain() is { } again)
        {
            SendAgain(again);
            CountResumed();
        }

        while (!flushing && flow.TakeWaiting() is { Kept: { } kept } next)
        {
            CountResumed();
            var mayReceive = flow.Session.MayReceive(kept.Topic);
            if (kept.ExpiresAt <= clock.Now || !mayReceive)
            {
                flow.Drop(next); // MQTT-3.3.2-5
                Session.Lose(mayReceive ? LossReason.Expired : LossReason.Denied);
                continue;
            }

            if (flow.Holds(next.QoS))
            {
                var held = next;
                var id = flow.Hold(ref held);
                flow.StoreSent(next, held, id);
                continue;
            }

            Send(kept, next, null);
        }
    }

    private void SendAgain(Inflight again)
    {
        if (again.IsReleased)
        {
            Span<byte> packet = stackalloc byte[4];
            Write(packet[..ServerPackets.Ack(packet, PacketType.PubRel, again.Id)]);
        }
        else if (again.Outgoing.Kept is { } kept)
        {
            if (flow!.Session.MayReceive(kept.Topic))
                Send(kept, again.Outgoing, again);
            else
                Deny(again);
        }
    }

    private void Deny(Inflight again)
    {
        Session.Lose(LossReason.Denied);
        PassOver(again.Outgoing, again);
    }

    /// <summary>A message that may not be sent here: it is as if it had been delivered.</summary>
    private void PassOver(in Outgoing outgoing, Inflight? known)
    {
        if (known is null)
        {
            flow!.Drop(outgoing);
        }
        else
        {
            flow!.Acknowledge(known.Id);
            flow.Receive(known.Id, refused: true);
        }
    }

    /// <param name="known">A message that has its packet id; null for one that waited.</param>
    private void Send(KeptMessage kept, in Outgoing outgoing, Inflight? known)
    {
        var head = Router.Current.DrainHead;
        head.Reset();
        var message = kept.AsMessage(outgoing.QoS, outgoing.Retain, clock);
        var start = Encode(message, head, outgoing.QoS, outgoing.Identifiers, out var newAlias);
        if (maxPacketSize != 0 && start.Length + message.Payload.Length > maxPacketSize)
        {
            Session.Lose(LossReason.TooLarge);
            PassOver(outgoing, known); // MQTT-3.1.2-25
            return;
        }

        var id = known?.Id ?? 0;
        if (known is null && outgoing.QoS > 0)
        {
            var sent = flow!.Keeps || outgoing.Shared is not null || outgoing.Watch is not null ? outgoing : default;
            id = flow.Send(ref sent, outgoing.QoS);
            flow.StoreSent(outgoing, sent, id);
        }

        Write(start, message.Payload, outgoing.Retain, id, duplicate: known is { WasSent: true });
        if (known is not null)
            known.WasSent = true;
        if (newAlias)
            aliases!.Set(message.Topic);
        if (unflushedBytes >= FlushAt)
            Flush();
    }

    private void Write(ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload, bool retain, ushort packetId, bool duplicate)
    {
        var span = output.GetSpan(head.Length);
        head.CopyTo(span);
        if (retain)
            span[0] |= 1;
        if (duplicate)
            span[0] |= 8;
        if (packetId > 0)
            BinaryPrimitives.WriteUInt16BigEndian(span[PublishHead.PacketIdOffset(head)..], packetId);
        if (Session.Traces is { } traces)
            PacketTrace.Out(traces, span[..head.Length], payload, version);
        Advance(head.Length);
        output.Write(payload);
        unflushed = true;
        unflushedBytes += payload.Length;
        CountPublish(packetId, duplicate);
    }
}

/// <summary>What one receiver of a message gets of it.</summary>
/// <param name="Watch">Told of its acknowledgement; null for nobody.</param>
internal readonly record struct Receiver(byte QoS, bool Retain, int[]? Identifiers, SharedGroup? Shared, Action? Watch = null);

/// <summary>What became of a message for one subscriber, and where it stands if that is stored.</summary>
/// <param name="IsTaken">It is sent or waits, whatever was lost for it.</param>
internal readonly record struct Delivered(DeliveryResult Result, bool IsTaken, Place Place)
{
    public static implicit operator Delivered(DeliveryResult result) => new(result, result is DeliveryResult.Written or DeliveryResult.Queued, default);
}

/// <summary>What became of a message for one subscriber.</summary>
internal enum DeliveryResult : byte
{
    Written,
    Queued,

    /// <summary>The queue is full: this message, or the oldest, is lost.</summary>
    Dropped,

    /// <summary>Larger than the subscriber takes (MQTT-3.1.2-24, MQTT-3.1.2-25).</summary>
    TooLarge,

    /// <summary>QoS 1 or 2 and the queue is full: the connection must end.</summary>
    Overflow,

    /// <summary>It is not there and its session keeps nothing.</summary>
    Gone,

    /// <summary>It may not have it any more.</summary>
    Denied,
}
