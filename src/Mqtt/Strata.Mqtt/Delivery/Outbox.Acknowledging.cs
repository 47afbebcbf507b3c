using Strata.Mqtt.Durability;
using Strata.Mqtt.Inspection;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Delivery;

/// <summary>PUBACK and PUBREC for what the client published.</summary>
internal sealed partial class Outbox
{
    private const int AckBlock = 256;

    /// <summary>Publishes that wait for their PUBACK or PUBREC; the read loop enters them.</summary>
    public AckRing Acks { get; } = new();

    /// <summary>The session of the client; once it has one.</summary>
    public Session Session { get; set; } = null!;

    /// <summary>Read loop: makes room for more.</summary>
    public void GrowAcks()
    {
        lock (gate)
            Acks.Grow();
    }

    /// <summary>Read loop: the engine refuses a publish.</summary>
    public void Refuse(int ticket, MqttReasonCode reasonCode, string? reason)
    {
        lock (gate)
            Acks.Complete(ticket, reasonCode, reason);
    }

    /// <summary>The host acknowledges; sends all that is then due.</summary>
    public void Acknowledge(ReadOnlySpan<PublishAck> acks)
    {
        lock (gate)
        {
            int? last = null;
            foreach (var ack in acks)
            {
                if (Acks.Find(ack.PacketId, last) is not { } ticket)
                    continue;
                last = ticket;
                if (!Acks.IsExactlyOnce(ticket) || ack.ReasonCode >= MqttReasonCode.UnspecifiedError)
                {
                    Acks.Complete(ticket, ack.ReasonCode, ack.Reason);
                    continue;
                }

                Acks.Take(ticket);
                if (!Session.Receive(ack.PacketId, new AfterCommit(this, ticket)))
                    Acks.Complete(ticket, ack.ReasonCode, ack.Reason);
            }

            SendAcks();
        }
    }

    public void Committed(in AfterCommit after)
    {
        lock (gate)
        {
            if (after.Ticket >= 0)
                Acks.Complete(after.Ticket, MqttReasonCode.Success, null);
            if (after.Packet is { } packet && !closed)
                Write(packet);
        }
    }

    public void CommitEnded() => EndBurst();

    /// <summary>Sends all that is due and whatever else stands unflushed.</summary>
    public void EndBurst()
    {
        lock (gate)
            SendAcks();
    }

    private void SendAcks()
    {
        if (closed)
            return;
        var any = false;
        Span<byte> block = default;
        var used = 0;
        while (Acks.TryTake(out var packetId, out var exactlyOnce, out var reasonCode, out var reason))
        {
            any = true;
            var type = exactlyOnce ? PacketType.PubRec : PacketType.PubAck;
            var told = version == MqttProtocolVersion.V500 && reasonCode != MqttReasonCode.Success;
            if (told)
            {
                Advance(used);
                used = 0;
                block = default;
                WriteRefusal(type, packetId, reasonCode, reason);
                continue;
            }

            if (used + 4 > block.Length)
            {
                Advance(used);
                used = 0;
                block = output.GetSpan(Math.Min(AckBlock, 4 * (1 + Acks.Count)));
            }

            if (Session.Traces is { } traces)
                PacketTrace.Ack(traces, type, packetId);
            used += ServerPackets.Ack(block[used..], type, packetId);
            if (exactlyOnce)
                reportRecs++;
            else
                reportAcks++;
        }

        Advance(used);
        if (unflushed)
            Flush();
        if (any)
            progress?.TrySetResult();
    }

    private void WriteRefusal(PacketType type, ushort packetId, MqttReasonCode reasonCode, string? reason)
    {
        Span<byte> packet = stackalloc byte[ServerPackets.MaxSize];
        Write(packet[..ServerPackets.Ack(packet, type, packetId, reasonCode, problemInformation ? reason : null, maxPacketSize)]);
    }
}
