using System.Diagnostics.Metrics;
using Strata.Mqtt.Delivery;

namespace Strata.Mqtt;

/// <summary>What the engine counts, as meter <c>Strata.Mqtt</c>. Read loops report once per burst, not per message.</summary>
internal sealed class MqttMetrics : IDisposable
{
    private readonly Meter meter;
    private readonly UpDownCounter<long> connections;
    private readonly Counter<long> refused;
    private readonly UpDownCounter<long> subscriptions;
    private readonly Counter<long> received;
    private readonly Counter<long> receivedBytes;
    private readonly Counter<long> delivered;
    private readonly Counter<long> dropped;
    private readonly Counter<long> protocolErrors;

    public MqttMetrics(IMeterFactory factory)
    {
        meter = factory.Create("Strata.Mqtt");
        connections = meter.CreateUpDownCounter<long>("strata.mqtt.connections", "{connection}", "Clients whose CONNECT was accepted.");
        refused = meter.CreateCounter<long>("strata.mqtt.connections.refused", "{connection}", "Connections refused, by reason.");
        subscriptions = meter.CreateUpDownCounter<long>("strata.mqtt.subscriptions", "{subscription}", "Subscriptions held.");
        received = meter.CreateCounter<long>("strata.mqtt.messages.received", "{message}", "PUBLISH packets received.");
        receivedBytes = meter.CreateCounter<long>("strata.mqtt.io.received", "By", "Bytes of packets received.");
        delivered = meter.CreateCounter<long>("strata.mqtt.messages.delivered", "{message}", "Messages written or queued for subscribers.");
        dropped = meter.CreateCounter<long>("strata.mqtt.messages.dropped", "{message}", "Messages not delivered to a subscriber, by reason.");
        protocolErrors = meter.CreateCounter<long>("strata.mqtt.protocol_errors", "{error}", "Connections ended for a protocol error, by reason code.");
    }

    public void Opened() => connections.Add(1);

    public void Ended() => connections.Add(-1);

    public void Refused(MqttReasonCode reasonCode) => refused.Add(1, Tag(reasonCode));

    public void ProtocolError(MqttReasonCode reasonCode) => protocolErrors.Add(1, Tag(reasonCode));

    public void Subscribed(int change) => subscriptions.Add(change);

    public void Received(long messages, long bytes)
    {
        if (messages > 0)
            received.Add(messages);
        receivedBytes.Add(bytes);
    }

    public void Delivered(long messages) => delivered.Add(messages);

    public void Dropped(DeliveryResult result) => dropped.Add(1, new KeyValuePair<string, object?>("reason", result switch
    {
        DeliveryResult.Dropped => "queue_full",
        DeliveryResult.TooLarge => "too_large",
        DeliveryResult.Denied => "denied",
        _ => "queue_overflow",
    }));

    public void Dispose() => meter.Dispose();

    private static KeyValuePair<string, object?> Tag(MqttReasonCode reasonCode) => new("reason", reasonCode.ToString());
}
