using Strata.Mqtt.Subscriptions;

namespace Strata.Mqtt.Delivery;

/// <summary>
/// Finds the subscribers of a message and delivers it. One per thread, so that matching and encoding reuse their memory; what it wrote is
/// sent by <see cref="Flush"/>, on the same thread, before anything is awaited.
/// </summary>
internal sealed class Router
{
    [ThreadStatic]
    private static Router? current;

    private readonly MatchList matches = new();
    private readonly PublishHead head = new();
    private readonly List<Outbox> unflushed = [];
    private long delivered;

    public static Router Current => current ??= new Router();

    /// <summary>For an outbox that sends what waited.</summary>
    public PublishHead DrainHead { get; } = new();

    /// <param name="publisher">Null when the host publishes.</param>
    /// <returns>How many subscribers matched.</returns>
    public int Route(MqttNamespace @namespace, Session? publisher, in Message message, MqttMetrics metrics)
    {
        if (@namespace.Tree.Count == 0)
            return 0;
        matches.Begin(publisher);
        @namespace.Tree.Match(message.Topic, matches);
        if (matches.Count == 0)
            return 0;
        head.Reset();
        KeptMessage? kept = null;
        foreach (var match in matches.Matches)
        {
            var qos = Math.Min(message.QoS, match.QoS);
            var outbox = match.Session.Outbox;
            var result = outbox.Deliver(message, head, qos, message.Retain && match.RetainAsPublished, ref kept, out var wantsFlush);
            if (wantsFlush)
                unflushed.Add(outbox);
            if (result is DeliveryResult.Written or DeliveryResult.Queued)
                delivered++;
            else if (result != DeliveryResult.Gone)
                Lose(match.Session, result, metrics);
        }

        var count = matches.Count;
        matches.Clear();
        return count;
    }

    public void Flush(MqttMetrics metrics)
    {
        if (delivered > 0)
            metrics.Delivered(delivered);
        delivered = 0;
        foreach (var outbox in unflushed)
            outbox.FlushDeliveries();
        unflushed.Clear();
    }

    private static void Lose(Session session, DeliveryResult result, MqttMetrics metrics)
    {
        metrics.Dropped(result);
        if (result == DeliveryResult.Overflow)
            session.Connection.Close(DisconnectCause.ByServer, MqttReasonCode.QuotaExceeded, "The client does not take its QoS 1 messages.");
    }
}
