using Strata.Mqtt;

namespace Strata.Node.Ingest;

/// <summary>Messages that were written down for live subscribers.</summary>
internal sealed class LiveRecords : ILivePart
{
    private readonly List<(string Namespace, byte[] Topic, ReadOnlyMemory<byte> Payload)> messages = [];

    public void Add(string @namespace, byte[] topic, ReadOnlyMemory<byte> payload) => messages.Add((@namespace, topic, payload));

    public void Publish(MqttBroker broker)
    {
        foreach (var (@namespace, topic, payload) in messages)
            broker.Publish(@namespace, topic, payload.Span, qos: 1);
    }

    public void Done(MqttBroker broker)
    {
    }
}
