using System.Buffers;
using Strata.Core.Telemetry;
using Strata.Mqtt;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Ingest;

/// <summary>
/// What arrived together on one connection: readings, what to acknowledge, copies for live subscribers. Rented from the
/// <see cref="TelemetryBurstPool"/> at the first message, the writer's from the end of the burst to its callback, then given back.
/// </summary>
internal sealed class TelemetryBurst(TelemetryMqttHost host, TelemetryBurstPool pool) : IngestItem, ILivePart
{
    private TelemetryWrite? write;
    private MessageNote[] notes = new MessageNote[16];
    private PublishAck[] acks = new PublishAck[16];

    public ReadingBatch Batch { get; } = new();

    public ArrayBufferWriter<byte> Live { get; } = new();

    public DeviceConnection? Connection { get; private set; }

    public DateTimeOffset Received { get; private set; }

    public override TelemetryWrite Write => write!;

    /// <summary>It is acknowledged only when sessions that outlive the program have it too.</summary>
    public bool AcknowledgedWhenKept { get; set; }

    public bool HasLive => Live.WrittenCount > 0;

    public ReadOnlySpan<MessageNote> Notes => notes.AsSpan(0, Batch.MessageCount);

    /// <summary>Begins a burst of the connection.</summary>
    public void Open(DeviceConnection connection, DateTimeOffset received)
    {
        (Connection, Received) = (connection, received);
        if (write?.Tenant != connection.Entry.Tenant)
            write = new TelemetryWrite { Tenant = connection.Entry.Tenant, Readings = Batch };
    }

    /// <summary>Ends the batch's open message with its stamp and keeps its note.</summary>
    public void Add(in MessageNote note, SourceStamp? stamp)
    {
        var index = Batch.EndMessage(stamp, new MessageOrigin(note.Immediate, note.Sampled), note.PayloadBytes);
        if (index == notes.Length)
            Array.Resize(ref notes, notes.Length * 2);
        notes[index] = note;
    }

    /// <summary>Copies the message for subscribers; the note's lengths say where it lies.</summary>
    public void CopyLive(in InboundPublish publish, ref MessageNote note)
    {
        note.LiveStart = Live.WrittenCount;
        note.LiveTopicLength = publish.Topic.Length;
        note.LivePayloadLength = publish.Payload.Length;
        note.LivePropertiesLength = publish.Properties.Length;
        note.QoS = publish.QoS;
        Live.Write(publish.Topic);
        Live.Write(publish.Payload);
        Live.Write(publish.Properties);
    }

    /// <summary>Acknowledges all messages in one go, as their outcomes say.</summary>
    public void Acknowledge(MqttClient client)
    {
        if (acks.Length < notes.Length)
            acks = new PublishAck[notes.Length];
        var count = 0;
        var messages = Batch.Messages;
        for (var i = 0; i < messages.Length; i++)
        {
            if (notes[i].PacketId == 0)
                continue;
            acks[count++] = messages[i].Outcome == MessageOutcome.Refused
                ? new PublishAck(notes[i].PacketId, MqttReasonCode.PayloadFormatInvalid, TelemetryMqttHost.StoreRefusal)
                : new PublishAck(notes[i].PacketId, MqttReasonCode.Success);
        }
        if (count > 0)
            client.Acknowledge(acks.AsSpan(0, count));
    }

    /// <summary>Empties the burst for its next use; the arrays stay.</summary>
    public void Clear()
    {
        Batch.Clear();
        Live.ResetWrittenCount();
        AcknowledgedWhenKept = false;
        Connection = null;
    }

    public void Publish(MqttBroker broker)
    {
        var copies = Live.WrittenSpan;
        var messages = Batch.Messages;
        for (var i = 0; i < messages.Length; i++)
        {
            ref readonly var note = ref notes[i];
            // One that was stored before a crash may not have been published then.
            if (note.LiveTopicLength == 0 || !(messages[i].Outcome == MessageOutcome.Stored || (AcknowledgedWhenKept && messages[i].Outcome == MessageOutcome.Repeated)))
                continue;
            var rest = copies[note.LiveStart..];
            var topic = rest[..note.LiveTopicLength];
            rest = rest[note.LiveTopicLength..];
            broker.Publish(Write.Tenant.Value, topic, rest[..note.LivePayloadLength], note.QoS, rest.Slice(note.LivePayloadLength, note.LivePropertiesLength));
        }
    }

    public void Done(MqttBroker broker)
    {
        if (AcknowledgedWhenKept)
            _ = host.AcknowledgeAsync(this, broker.FlushAsync());
        else
            pool.Return(this);
    }

    protected override void Committed(CommitReport report) => host.Committed(this, report);

    protected override void Failed(Exception exception) => host.Failed(this, exception);
}
