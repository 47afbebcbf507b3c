using System.Buffers;
using System.Buffers.Binary;

namespace Strata.Mqtt.Delivery;

/// <summary>Messages for what the client subscribed to.</summary>
internal sealed partial class Outbox
{
    private PacketIdWindow? window;
    private int windowSize = options.MaxInflightToClient;
    private Queue<Waiting>? waiting;
    private long waitingBytes;

    /// <summary>
    /// Writes a message or lets it wait. The caller sends with <see cref="FlushDeliveries"/> once it has delivered all it has, if
    /// <paramref name="wantsFlush"/> says so: another caller may have taken that upon itself already.
    /// </summary>
    /// <param name="kept">The copy for those who must wait; made at most once per message.</param>
    public DeliveryResult Deliver(in Message message, PublishHead head, byte qos, bool retain, ref KeptMessage? kept, out bool wantsFlush)
    {
        wantsFlush = false;
        lock (gate)
        {
            if (closed)
                return DeliveryResult.Gone;
            var start = head.Encode(message, version, qos);
            if (maxPacketSize != 0 && start.Length + message.Payload.Length > maxPacketSize)
                return DeliveryResult.TooLarge;
            if (flushing || waiting is { Count: > 0 } || (qos > 0 && window is { IsFull: true }))
                return Enqueue(message, qos, retain, ref kept);
            wantsFlush = !unflushed;
            Write(start, message.Payload, qos, retain);
            if (unflushedBytes >= FlushAt)
                Flush();
            return DeliveryResult.Written;
        }
    }

    /// <summary>The subscriber acknowledges a QoS 1 message. An unknown id is ignored.</summary>
    public void Acknowledged(ushort packetId)
    {
        lock (gate)
        {
            if (window is null || !window.Release(packetId) || closed || flushing || waiting is null)
                return;
            SendWaiting();
            Flush();
        }
    }

    private DeliveryResult Enqueue(in Message message, byte qos, bool retain, ref KeptMessage? kept)
    {
        waiting ??= new Queue<Waiting>();
        if (waiting.Count >= options.MaxQueuedMessagesPerClient || waitingBytes + message.Length > options.MaxQueuedBytesPerClient)
            return qos == 0 ? DeliveryResult.Dropped : DeliveryResult.Overflow;
        kept ??= new KeptMessage(message);
        waiting.Enqueue(new Waiting(kept, qos, retain));
        waitingBytes += kept.Length;
        return DeliveryResult.Queued;
    }

    /// <summary>Under the lock: writes waiting messages until the pipe or the window is full.</summary>
    private void SendWaiting()
    {
        if (waiting is null)
            return;
        var head = Router.Current.DrainHead;
        while (!flushing && waiting.TryPeek(out var next) && !(next.QoS > 0 && window is { IsFull: true }))
        {
            waiting.Dequeue();
            waitingBytes -= next.Kept.Length;
            head.Reset();
            var message = next.Kept.AsMessage(next.QoS, next.Retain);
            Write(head.Encode(message, version, next.QoS), message.Payload, next.QoS, next.Retain);
            if (unflushedBytes >= FlushAt)
                Flush();
        }

        if (waiting.Count == 0)
            waiting = null;
    }

    private void Write(ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload, byte qos, bool retain)
    {
        var span = output.GetSpan(head.Length);
        head.CopyTo(span);
        if (retain)
            span[0] |= 1;
        if (qos > 0)
        {
            window ??= new PacketIdWindow(windowSize);
            BinaryPrimitives.WriteUInt16BigEndian(span[PublishHead.PacketIdOffset(head)..], window.Take());
        }

        Advance(head.Length);
        output.Write(payload);
        unflushed = true;
        unflushedBytes += payload.Length;
    }

    private readonly record struct Waiting(KeptMessage Kept, byte QoS, bool Retain);
}

/// <summary>What became of a message for one subscriber.</summary>
internal enum DeliveryResult : byte
{
    Written,
    Queued,

    /// <summary>QoS 0 and its queue is full.</summary>
    Dropped,

    /// <summary>Larger than the subscriber takes (MQTT-3.1.2-24, MQTT-3.1.2-25).</summary>
    TooLarge,

    /// <summary>QoS 1 and its queue is full: the connection must end.</summary>
    Overflow,

    /// <summary>Closed meanwhile.</summary>
    Gone,
}
