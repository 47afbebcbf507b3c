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
        if (matches.Count == 0 && matches.Groups.Count == 0)
            return 0;
        head.Reset();
        KeptMessage? kept = null;
        foreach (var match in matches.Matches)
        {
            var to = new Receiver(Math.Min(message.QoS, match.QoS), message.Retain && match.RetainAsPublished, match.Identifiers, null);
            Note(match.Session, Deliver(match.Session, message, to, ref kept), metrics);
        }

        foreach (var group in matches.Groups)
            Share(group, message, ref kept, metrics);
        var count = matches.Count + matches.Groups.Count;
        matches.Clear();
        return count;
    }

    /// <summary>Gives a message that a member of a shared subscription can not have any more to another.</summary>
    public void PassOn(in Outgoing outgoing, MqttClock clock, MqttMetrics metrics)
    {
        if (outgoing is not { Kept: { } kept, Shared: { } group } || kept.ExpiresAt <= clock.Now)
            return;
        head.Reset();
        var reference = (KeptMessage?)kept;
        Share(group, kept.AsMessage(kept.QoS, outgoing.Retain, clock), ref reference, metrics);
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

    private DeliveryResult Deliver(Session session, in Message message, in Receiver to, ref KeptMessage? kept)
    {
        var result = session.Deliver(message, head, to, ref kept, out var outbox);
        if (outbox is not null)
            unflushed.Add(outbox);
        return result;
    }

    private void Note(Session session, DeliveryResult result, MqttMetrics metrics)
    {
        if (result is DeliveryResult.Written or DeliveryResult.Queued)
            delivered++;
        else if (result != DeliveryResult.Gone)
            Lose(session, result, metrics);
    }

    /// <summary>
    /// One member gets it, in turns: one that can take it now, else one that is there, else one that is away and keeps it (MQTT 5.0 4.8.2).
    /// </summary>
    private void Share(SharedGroup group, in Message message, ref KeptMessage? kept, MqttMetrics metrics)
    {
        var slots = group.Members.Slots;
        var first = group.NextTurn();
        for (var attempt = 0; attempt < 3; attempt++)
        {
            for (var i = 0; i < slots.Length; i++)
            {
                if (slots[(first + i) % slots.Length] is not { } member || !Suits(member.Session, attempt))
                    continue;
                var options = member.Options;
                var to = new Receiver(Math.Min(message.QoS, options.QoS), message.Retain && options.RetainAsPublished, options.Identifiers, group);
                var result = Deliver(member.Session, message, to, ref kept);
                if (result is not (DeliveryResult.Written or DeliveryResult.Queued))
                    continue;
                delivered++;
                return;
            }
        }

        metrics.Dropped(DeliveryResult.Dropped);
    }

    private static bool Suits(Session member, int attempt) => attempt switch
    {
        0 => member.IsReady,
        1 => member.Holder is not null && !member.IsReady,
        _ => member.Holder is null,
    };

    private static void Lose(Session session, DeliveryResult result, MqttMetrics metrics)
    {
        metrics.Dropped(result);
        if (result == DeliveryResult.Overflow)
            session.Holder?.Close(DisconnectCause.ByServer, MqttReasonCode.QuotaExceeded, "The client does not take its QoS 1 and 2 messages.");
    }
}
