using System.Buffers;
using Strata.Mqtt;

namespace Strata.Bench.Mqtt;

/// <summary>
/// Admits everyone, allows everything, and drops every publish after its acknowledgement: either it routes them (nobody subscribes), or it defers them
/// and acknowledges a burst at its end, as a host with a store does.
/// </summary>
internal sealed class DroppingHost(DroppingMode mode) : IMqttHost
{
    private long seen;

    /// <summary>Publishes seen; to hold the load generator's count against.</summary>
    public long Seen => seen;

    public ValueTask<ConnectDecision> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken) =>
        new(ConnectDecision.Accept("bench", mode.Defer ? new ArrayBufferWriter<PublishAck>() : null));

    public bool MaySubscribe(MqttClient client, string topicFilter) => true;

    public PublishVerdict OnPublish(MqttClient client, in InboundPublish publish)
    {
        Interlocked.Increment(ref seen);
        if (client.State is not ArrayBufferWriter<PublishAck> acks)
            return PublishVerdict.Route;
        acks.GetSpan(1)[0] = new PublishAck(publish.PacketId, MqttReasonCode.Success);
        acks.Advance(1);
        return PublishVerdict.Deferred;
    }

    public ValueTask EndBurstAsync(MqttClient client, CancellationToken cancellationToken)
    {
        var acks = (ArrayBufferWriter<PublishAck>)client.State!;
        client.Acknowledge(acks.WrittenSpan);
        acks.ResetWrittenCount();
        return default;
    }

    public void Disconnected(MqttClient client, DisconnectCause cause)
    {
    }
}

/// <summary>What <see cref="DroppingHost"/> does with a publish.</summary>
internal sealed record DroppingMode(bool Defer);
