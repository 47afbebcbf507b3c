using System.Diagnostics.Metrics;
using Strata.Mqtt.Inspection;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt;

/// <summary>
/// What the engine counts, as meter <c>Strata.Mqtt</c>. Read loops report once per burst, not per message; what <see cref="TrafficTotals"/> holds is read when somebody
/// looks.
/// </summary>
internal sealed class MqttMetrics : IDisposable
{
    private readonly Meter meter;
    private readonly UpDownCounter<long> connections;
    private readonly Counter<long> refused;
    private readonly UpDownCounter<long> throttled;
    private readonly UpDownCounter<long> subscriptions;
    private readonly Counter<long> received;
    private readonly Counter<long> receivedBytes;
    private readonly Counter<long> delivered;
    private readonly Counter<long> protocolErrors;
    private readonly Histogram<double> acknowledged;
    private readonly Histogram<double> resumed;
    private readonly Histogram<double> committed;

    public MqttMetrics(IMeterFactory factory, MqttBroker broker)
    {
        meter = factory.Create("Strata.Mqtt");
        connections = meter.CreateUpDownCounter<long>("strata.mqtt.connections", "{connection}", "Clients whose CONNECT was accepted.");
        refused = meter.CreateCounter<long>("strata.mqtt.connections.refused", "{connection}", "Connections refused, by reason.");
        throttled = meter.CreateUpDownCounter<long>("strata.mqtt.connections.throttled", "{connection}", "Clients that are not read for a while because they, or their namespace, publish more than they may.");
        subscriptions = meter.CreateUpDownCounter<long>("strata.mqtt.subscriptions", "{subscription}", "Subscriptions held.");
        received = meter.CreateCounter<long>("strata.mqtt.messages.received", "{message}", "PUBLISH packets received.");
        receivedBytes = meter.CreateCounter<long>("strata.mqtt.io.received", "By", "Bytes of packets received.");
        delivered = meter.CreateCounter<long>("strata.mqtt.messages.delivered", "{message}", "Messages written or queued for subscribers.");
        protocolErrors = meter.CreateCounter<long>("strata.mqtt.protocol_errors", "{error}", "Connections ended for a protocol error, by reason code.");
        acknowledged = Latency("strata.mqtt.delivery.latency", "From a PUBLISH to a client to its PUBACK or PUBREC; sampled.");
        resumed = Latency("strata.mqtt.session.resume", "From the CONNECT of a client that came back until all that had waited was written to it.");
        committed = Latency("strata.mqtt.journal.commit", "One commit of the journal: written and on the disk.");
        Observe(broker);
    }

    public void Opened() => connections.Add(1);

    public void Ended() => connections.Add(-1);

    public void Refused(MqttReasonCode reasonCode) => refused.Add(1, Tag(reasonCode));

    public void ProtocolError(MqttReasonCode reasonCode) => protocolErrors.Add(1, Tag(reasonCode));

    public void Throttled(int change) => throttled.Add(change);

    public void Subscribed(int change) => subscriptions.Add(change);

    public void Received(long messages, long bytes)
    {
        if (messages > 0)
            received.Add(messages);
        receivedBytes.Add(bytes);
    }

    public void Delivered(long messages) => delivered.Add(messages);

    public void Acknowledged(TimeSpan took) => acknowledged.Record(took.TotalSeconds);

    public void Resumed(TimeSpan took) => resumed.Record(took.TotalSeconds);

    public void Committed(TimeSpan took) => committed.Record(took.TotalSeconds);

    public void Dispose() => meter.Dispose();

    private void Observe(MqttBroker broker)
    {
        meter.CreateObservableCounter("strata.mqtt.messages.dropped", () => Dropped(broker), "{message}", "Messages not delivered to a subscriber, by reason.");
        meter.CreateObservableCounter("strata.mqtt.packets", () => Packets(broker), "{packet}", "Packets by direction and type.");
        meter.CreateObservableCounter("strata.mqtt.io.sent", () => Sum(broker, static t => t.Of(Total.BytesOut)), "By", "Bytes of packets sent.");
        meter.CreateObservableCounter("strata.mqtt.messages.duplicate", () => Duplicates(broker), "{message}", "PUBLISH packets with DUP, by direction.");
        meter.CreateObservableGauge("strata.mqtt.sessions", () => (long)broker.SessionCount, "{session}", "Sessions, with and without a connection.");
        meter.CreateObservableGauge("strata.mqtt.queue.messages", () => Depths(broker, static q => q.Messages), "{message}", "Messages held, by kind of queue.");
        meter.CreateObservableGauge("strata.mqtt.queue.size", () => Depths(broker, static q => q.Bytes), "By", "Bytes held, by kind of queue.");
    }

    private static IEnumerable<Measurement<long>> Dropped(MqttBroker broker) => LossReasons.Names.Select((name, reason) =>
        new Measurement<long>(Sum(broker, t => t.Lost((LossReason)reason)), new KeyValuePair<string, object?>("reason", name)));

    private static IEnumerable<Measurement<long>> Packets(MqttBroker broker)
    {
        for (var type = PacketType.Connect; type <= PacketType.Auth; type++)
        {
            var at = (int)type;
            yield return new Measurement<long>(Sum(broker, t => t.PacketsIn(at)), new("direction", "in"), new("type", PacketNames.Of(type)));
            yield return new Measurement<long>(Sum(broker, t => t.PacketsOut(at)), new("direction", "out"), new("type", PacketNames.Of(type)));
        }
    }

    private static IEnumerable<Measurement<long>> Duplicates(MqttBroker broker) =>
    [
        new(Sum(broker, static t => t.Of(Total.DuplicatesIn)), new KeyValuePair<string, object?>("direction", "in")),
        new(Sum(broker, static t => t.Of(Total.DuplicatesOut)), new KeyValuePair<string, object?>("direction", "out")),
    ];

    private static IEnumerable<Measurement<long>> Depths(MqttBroker broker, Func<QueueDepth, long?> of)
    {
        foreach (var queue in broker.MeasureQueues())
        {
            if (of(queue) is { } depth)
                yield return new Measurement<long>(depth, new KeyValuePair<string, object?>("kind", queue.Kind));
        }
    }

    private static long Sum(MqttBroker broker, Func<TrafficTotals, long> of) => of(broker.Totals) + broker.Namespaces.Sum(n => of(n.Totals));

    private Histogram<double> Latency(string name, string description) => meter.CreateHistogram(name, "s", description, null, new InstrumentAdvice<double>
    {
        HistogramBucketBoundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    });

    private static KeyValuePair<string, object?> Tag(MqttReasonCode reasonCode) => new("reason", reasonCode.ToString());
}

/// <summary>What is in the node's queues of one kind.</summary>
/// <param name="Messages">Null: not counted in messages.</param>
/// <param name="Bytes">Null: not counted in bytes.</param>
internal readonly record struct QueueDepth(string Kind, long? Messages, long? Bytes);
