using Strata.Mqtt;

namespace Strata.Bench.Mqtt;

/// <summary>Admits everyone, allows everything, routes everything: with no subscriber, each publish is acknowledged and dropped.</summary>
internal sealed class DroppingHost : IMqttHost
{
    private long seen;

    public ValueTask<ConnectDecision> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken) => new(ConnectDecision.Accept("bench"));

    public bool MaySubscribe(MqttClient client, string topicFilter) => true;

    /// <summary>Publishes seen; to hold the load generator's count against.</summary>
    public long Seen => seen;

    public PublishVerdict OnPublish(MqttClient client, in InboundPublish publish)
    {
        Interlocked.Increment(ref seen);
        return PublishVerdict.Route;
    }

    public ValueTask EndBurstAsync(MqttClient client, CancellationToken cancellationToken) => default;

    public void Disconnected(MqttClient client, DisconnectCause cause)
    {
    }
}
