using System.Runtime.InteropServices;
using Strata.Mqtt.Durability;
using Strata.Mqtt.Inspection;
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
    private readonly List<Place> places = [];
    private readonly List<AfterCommit> held = [];
    private long delivered;

    public static Router Current => current ??= new Router();

    /// <summary>For an outbox that sends what waited.</summary>
    public PublishHead DrainHead { get; } = new();

    /// <summary>Delivers a message, and stores what of it must outlive the program.</summary>
    public Routed Route(MqttNamespace @namespace, in Message message, in Origin origin)
    {
        var kept = origin.Kept;
        var count = @namespace.Tree.Count == 0 ? 0 : Deliver(@namespace, message, origin, ref kept);
        return new Routed(count, Store(@namespace, kept, message.QoS, origin));
    }

    /// <returns>How many subscribers matched.</returns>
    private int Deliver(MqttNamespace @namespace, in Message message, in Origin origin, ref KeptMessage? kept)
    {
        matches.Begin(origin.Publisher, origin.Only);
        @namespace.Tree.Match(message.Topic, matches);
        if (matches.Count == 0 && matches.Groups.Count == 0)
            return 0;
        head.Reset();
        foreach (var match in matches.Matches)
        {
            var to = new Receiver(Math.Min(message.QoS, match.QoS), message.Retain && match.RetainAsPublished, match.Identifiers, null, origin.Watch is { } watch && match.Session.Owner == watch.Owner ? watch.Acknowledged : null);
            Note(match.Session, Deliver(match.Session, message, to, ref kept));
        }

        foreach (var group in matches.Groups)
            Share(@namespace, group, message, ref kept);
        var count = matches.Count + matches.Groups.Count;
        matches.Clear();
        return count;
    }

    /// <summary>Whether a subscription of the owner's own, of whatever session of his, matches.</summary>
    public bool Reaches(MqttNamespace @namespace, ReadOnlySpan<byte> topic, string owner)
    {
        matches.Begin(null);
        @namespace.Tree.Match(topic, matches);
        var found = false;
        foreach (var match in matches.Matches)
            found |= match.Session.Owner == owner;
        matches.Clear();
        return found;
    }

    /// <summary>Gives a message that a member of a shared subscription can not have any more to another.</summary>
    public void PassOn(MqttNamespace @namespace, in Outgoing outgoing, MqttClock clock)
    {
        if (outgoing is not { Kept: { } kept, Shared: { } group } || kept.ExpiresAt <= clock.Now)
            return;
        head.Reset();
        var reference = (KeptMessage?)kept;
        Share(@namespace, group, kept.AsMessage(kept.QoS, outgoing.Retain, clock), ref reference);
        Store(@namespace, kept, kept.QoS, default);
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

    private Delivered Deliver(Session session, in Message message, in Receiver to, ref KeptMessage? kept)
    {
        var result = session.Deliver(message, head, to, ref kept, out var outbox);
        if (outbox is not null)
            unflushed.Add(outbox);
        if (result.Place.Session > 0)
        {
            places.Add(result.Place);
            if (result.Place is { QoS: 2, PacketId: > 0 })
                held.Add(new AfterCommit(session, result.Place.PacketId));
        }

        return result;
    }

    /// <returns>Whether anything is stored, so that the message is acknowledged once it is on the disk (<see cref="Origin.After"/>).</returns>
    private bool Store(MqttNamespace @namespace, KeptMessage? kept, byte qos, in Origin origin)
    {
        var publisher = qos == 2 && origin.PacketId > 0 ? origin.Publisher : null;
        if (@namespace.Store is not { } store || kept is not { } message || (places.Count == 0 && origin.Retained == 0))
            return publisher is not null && publisher.Receive(origin.PacketId, origin.After);
        var stored = CollectionsMarshal.AsSpan(places);
        if (publisher is { StoredAs: > 0 })
        {
            publisher.Receive(origin, message, stored);
        }
        else
        {
            publisher?.Receive(origin.PacketId, default);
            store.Publish(@namespace.Name, message, origin, stored, publisher: 0);
        }

        foreach (var waiter in held)
            store.Journal.Await(waiter);
        places.Clear();
        held.Clear();
        return true;
    }

    private void Note(Session session, in Delivered result)
    {
        if (result.IsTaken)
            delivered++;
        if (result.Result is not (DeliveryResult.Written or DeliveryResult.Queued or DeliveryResult.Gone))
            Lose(session, result.Result);
    }

    /// <summary>
    /// One member gets it, in turns: one that can take it now, else one that is there, else one that is away and keeps it (MQTT 5.0 4.8.2).
    /// </summary>
    private void Share(MqttNamespace @namespace, SharedGroup group, in Message message, ref KeptMessage? kept)
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
                if (!result.IsTaken)
                    continue;
                Note(member.Session, result);
                return;
            }
        }

        @namespace.Totals.Lose(LossReason.NoMember);
    }

    private static bool Suits(Session member, int attempt) => attempt switch
    {
        0 => member.IsReady,
        1 => member.Holder is not null && !member.IsReady,
        _ => member.Holder is null,
    };

    private static void Lose(Session session, DeliveryResult result)
    {
        session.Lose(result switch
        {
            DeliveryResult.TooLarge => LossReason.TooLarge,
            DeliveryResult.Overflow => LossReason.QueueOverflow,
            DeliveryResult.Denied => LossReason.Denied,
            _ => LossReason.QueueFull,
        });
        if (result == DeliveryResult.Overflow)
            session.Holder?.Close(DisconnectCause.ByServer, MqttReasonCode.QuotaExceeded, "The client does not take its QoS 1 and 2 messages.");
    }
}

/// <summary>Where a message comes from, and what else is stored with it.</summary>
/// <param name="Publisher">Null when the host publishes.</param>
/// <param name="Only">The one session that may have it; null: all that subscribe.</param>
/// <param name="PacketId">Of a publish that is acknowledged; else 0.</param>
/// <param name="Kept">A copy that is there already.</param>
/// <param name="Retained">The version of the retained message that it became; 0: it did not.</param>
/// <param name="Author">Of the retained message; null: the host.</param>
/// <param name="After">What to do once it is on the disk.</param>
/// <param name="Watch">Whose acknowledgement is waited for; null for nobody's.</param>
internal readonly record struct Origin(
    Session? Publisher = null, ushort PacketId = 0, KeptMessage? Kept = null, long Retained = 0, KnownClient? Author = null, AfterCommit After = default, Session? Only = null, DeliveryWatch? Watch = null);

/// <param name="Matches">Subscribers that matched.</param>
/// <param name="IsStored"><see cref="Origin.After"/> is done once it is on the disk; else it is the caller's.</param>
internal readonly record struct Routed(int Matches, bool IsStored);
