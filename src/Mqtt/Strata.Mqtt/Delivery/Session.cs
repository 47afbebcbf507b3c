using System.Text;
using Strata.Mqtt.Connections;
using Strata.Mqtt.Durability;
using Strata.Mqtt.Inspection;
using Strata.Mqtt.Subscriptions;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Delivery;

/// <summary>
/// What a client has subscribed to and what is on its way to it. It ends with its connection, or outlives it for its expiry; a later connection of the same
/// owner and client id takes it up. Its lock is taken before an outbox's, never after.
/// </summary>
internal sealed class Session(MqttNamespace @namespace, string owner, string clientId, MqttOptions options, MqttClock clock) : ICommitTarget
{
    private readonly Lock gate = new();
    private readonly Lock receivedGate = new();
    private Dictionary<string, Subscription>? subscriptions;
    private MessageFlow? flow;
    private Presence presence;
    private long storedAs;
    private Connection? holder;
    private Outbox? outbox;
    private MqttClient? guarded;
    private KnownClient? identity;
    private string? userName;
    private PacketIdSet? received;
    private volatile bool keeps;
    private bool ended;

    public MqttNamespace Namespace { get; } = @namespace;

    public MqttClock Clock { get; } = clock;

    public SessionTraffic Traffic { get; } = new();

    /// <summary>Who looks at its packets; null for nobody, which is nearly always.</summary>
    public PacketTrace[]? Traces { get; set; }

    public string Owner { get; } = owner;

    public string ClientId { get; } = clientId;

    /// <summary>Whose it is: with the name that the client logged in with last.</summary>
    public KnownClient Identity => Volatile.Read(ref identity) ?? Identify();

    /// <summary>QoS 2 publishes of the client that it has not released yet; changed by Receive and <see cref="Forget"/>.</summary>
    public PacketIdSet Received => Volatile.Read(ref received) ?? PacketIdSet.None;

    /// <summary>Its number in the store; 0 when it is not stored.</summary>
    public long StoredAs => Volatile.Read(ref storedAs);

    /// <summary>When something is to be done about it, by the engine's clock; the session clock's.</summary>
    public long Due { get; set; } = long.MaxValue;

    /// <summary>A will that waits for its delay; under the namespace's lock.</summary>
    public PendingWill? PendingWill { get; set; }

    /// <summary>When it expires, while no connection has it; under the namespace's lock.</summary>
    public long ExpiresAt { get; set; } = long.MaxValue;

    public int SubscriptionCount => subscriptions?.Count ?? 0;

    /// <summary>The connection that has it; null while the client is away.</summary>
    public Connection? Holder => Volatile.Read(ref holder);

    /// <summary>Whether it outlives its connection; else it ends with it, also when that is taken over.</summary>
    public bool Keeps => keeps;

    public bool IsEnded => Volatile.Read(ref ended);

    /// <summary>Whether a message would be written to the client's socket now.</summary>
    public bool IsReady => Volatile.Read(ref outbox) is { IsBusy: false };

    /// <summary>A connection takes it from whoever had it; messages wait until <see cref="Attach"/>.</summary>
    /// <returns>Who had it.</returns>
    public Connection? Claim(Connection connection)
    {
        lock (gate)
        {
            Detach();
            var previous = holder;
            Volatile.Write(ref holder, connection);
            return previous;
        }
    }

    /// <summary>The connection is welcomed: what waits goes to it.</summary>
    /// <param name="now">With an expiry, the session outlives the connection, and is stored where there is a store.</param>
    public void Attach(Connection connection, in Presence now, string? userName, ushort receiveMaximum)
    {
        lock (gate)
        {
            if (!ReferenceEquals(holder, connection) || ended)
                return;
            flow ??= new MessageFlow(options, this);
            keeps = flow.Keeps = now.ExpirySeconds > 0;
            this.userName = userName;
            Volatile.Write(ref identity, null);
            Store(now);
            Volatile.Write(ref outbox, connection.Outbox);
            connection.Outbox.Adopt(flow, receiveMaximum);
            flow = null;
        }
    }

    /// <summary>The client is away: what is due is stored.</summary>
    public void Present(in Presence now)
    {
        lock (gate)
        {
            presence = now;
            if (StoredAs > 0 && !ended)
                Namespace.Store!.Present(StoredAs, now);
        }
    }

    /// <summary>It was stored, and is there again.</summary>
    /// <returns>How many subscriptions it has.</returns>
    public int Restore(StoredSession stored)
    {
        lock (gate)
        {
            subscriptions = new Dictionary<string, Subscription>(StringComparer.Ordinal);
            foreach (var (filter, wanted) in stored.Subscriptions)
                subscriptions.Add(filter, Namespace.Tree.Add(this, Encoding.UTF8.GetBytes(filter), wanted));
            foreach (var packetId in stored.Received)
                Add(packetId);
            (presence, keeps) = (stored.Presence, true);
            Volatile.Write(ref identity, stored.Client);
            Volatile.Write(ref storedAs, stored.Id);
            Namespace.CountStored(1);
            flow = new MessageFlow(options, this) { Keeps = true };
            foreach (var owed in stored.Owed.Values)
                flow.Restore(owed, FindAgain(owed));
            flow.Restore(stored, filter => subscriptions.GetValueOrDefault(filter)?.Group);
            return subscriptions.Count;
        }
    }

    /// <summary>Retained messages that a subscription has found are to be sent, also after a restart, until they are.</summary>
    /// <param name="version">See <see cref="OwedRetained"/>.</param>
    public void Owe(string filter, long version, RetainedBatch batch)
    {
        lock (gate)
        {
            if (StoredAs > 0 && !ended && batch.QoS > 0)
                outbox?.WithFlow(lent => lent.Owe(filter, version, batch));
        }
    }

    /// <summary>Retained messages that a subscription has found go to the client, or stay until it comes back.</summary>
    /// <returns>False: more of them wait already than a namespace may hold.</returns>
    public bool DeliverRetained(RetainedBatch batch)
    {
        lock (gate)
        {
            if (outbox is { } present)
                return present.DeliverRetained(batch);
            if (!ended && keeps && batch.QoS > 0)
                flow?.Enqueue(batch);
            return true;
        }
    }

    /// <summary>Stores it as a whole, for a new era; what is not stored now is stored when it begins to be.</summary>
    public void StoreWhole()
    {
        lock (gate)
        {
            if (StoredAs == 0 || ended)
                return;
            if (outbox is { } present)
                present.WithFlow(Whole);
            else
                Whole(flow!);
        }
    }

    /// <summary>A QoS 2 publish of the client is taken: sent again, it is known.</summary>
    /// <param name="after">What to do once that is on the disk.</param>
    /// <returns>False: it is not stored, and <paramref name="after"/> is the caller's.</returns>
    public bool Receive(ushort packetId, in AfterCommit after)
    {
        lock (receivedGate)
        {
            Add(packetId);
            if (StoredAs == 0)
                return false;
            Namespace.Store!.Received(StoredAs, packetId, after);
            return true;
        }
    }

    /// <summary>The same, in one record with the publish.</summary>
    public void Receive(in Origin origin, KeptMessage message, ReadOnlySpan<Place> places)
    {
        lock (receivedGate)
        {
            Add(origin.PacketId);
            Namespace.Store!.Publish(Namespace.Name, message, origin, places, StoredAs);
        }
    }

    /// <summary>The client releases a QoS 2 publish.</summary>
    /// <param name="after">What to do once that is on the disk.</param>
    /// <returns>Whether it is stored, else <paramref name="after"/> is the caller's; whether the publish was known.</returns>
    public (bool IsStored, bool WasKnown) Forget(ushort packetId, Func<bool, AfterCommit> after)
    {
        lock (receivedGate)
        {
            var known = Received.Remove(packetId);
            if (StoredAs == 0)
                return (false, known);
            Namespace.Store!.Forgotten(StoredAs, packetId, after(known));
            return (true, known);
        }
    }

    /// <summary>What is about a QoS 2 message on its way to the client is on the disk: the next packet about it may leave.</summary>
    public void Committed(in AfterCommit after)
    {
        lock (gate)
        {
            var packetId = (ushort)after.Ticket;
            if (outbox is { } present)
                present.WithFlow(lent => lent.Unhold(packetId));
            else
                flow?.Unhold(packetId);
        }
    }

    public void CommitEnded() => Volatile.Read(ref outbox)?.GoOnAfterCommit();

    /// <summary>The connection ends.</summary>
    /// <returns>False: another has taken the session over.</returns>
    public bool Leave(Connection connection)
    {
        lock (gate)
        {
            if (!ReferenceEquals(holder, connection))
                return false;
            Detach();
            Volatile.Write(ref holder, null);
            guarded = guarded?.WithoutConnection();
            return true;
        }
    }

    /// <summary>The filters of its subscriptions, as they were asked for.</summary>
    public string[] Filters
    {
        get
        {
            lock (gate)
                return subscriptions?.Keys.ToArray() ?? [];
        }
    }

    /// <summary>Asks for every subscription again whether the client may have it. If one may not be, or the host
    /// wants it, each message is asked about as it is delivered.</summary>
    /// <param name="host">Null: the client may have none of them.</param>
    public void Review(IMqttHost? host, MqttClient client)
    {
        var denied = host?.ChecksEachMessage(client) == true || Array.Exists(Filters, filter => host is null || !host.MaySubscribe(client, Topics.WithoutShare(filter)));
        Volatile.Write(ref guarded, denied ? client : null);
    }

    /// <summary>Whether the client may have a message that one of its subscriptions has found.</summary>
    public bool MayReceive(ReadOnlySpan<byte> topic) => Volatile.Read(ref guarded) is not { } client || Namespace.Host.MayReceive(client, topic);

    /// <summary>Gives a message to the client, or keeps it for it.</summary>
    public Delivered Deliver(in Message message, PublishHead head, in Receiver to, ref KeptMessage? kept, out Outbox? unflushed)
    {
        unflushed = null;
        if (!MayReceive(message.Topic))
            return DeliveryResult.Denied;
        while (Volatile.Read(ref outbox) is { } present)
        {
            var result = present.Deliver(message, head, to, ref kept, out var wantsFlush);
            if (wantsFlush)
                unflushed = present;
            if (result.Result != DeliveryResult.Gone || !keeps)
                return result;
            lock (gate)
            {
                if (ReferenceEquals(outbox, present))
                    Detach();
            }
        }

        return Keep(message, to, ref kept);
    }

    /// <summary>Adds or changes a subscription.</summary>
    /// <returns>Whether it is new; null when the connection has lost the session.</returns>
    public bool? Subscribe(Connection connection, string filter, SubscriptionOptions wanted)
    {
        lock (gate)
        {
            if (ended || !ReferenceEquals(holder, connection))
                return null;
            subscriptions ??= new Dictionary<string, Subscription>(StringComparer.Ordinal);
            if (StoredAs > 0)
                Namespace.Store!.Subscribed(StoredAs, filter, wanted);
            if (subscriptions.TryGetValue(filter, out var subscription))
            {
                subscription.Options = wanted;
                return false;
            }

            subscriptions.Add(filter, Namespace.Tree.Add(this, Encoding.UTF8.GetBytes(filter), wanted));
            return true;
        }
    }

    public bool Has(string filter)
    {
        lock (gate)
            return subscriptions is not null && subscriptions.ContainsKey(filter);
    }

    /// <returns>False: there was none, or the connection has lost the session.</returns>
    public bool Unsubscribe(Connection connection, string filter)
    {
        lock (gate)
        {
            if (!ReferenceEquals(holder, connection) || subscriptions is null || !subscriptions.Remove(filter, out var subscription))
                return false;
            Namespace.Tree.Remove(subscription);
            if (StoredAs > 0)
                Namespace.Store!.Unsubscribed(StoredAs, filter);
            return true;
        }
    }

    /// <summary>Ends it, once.</summary>
    /// <param name="others">Messages of shared subscriptions that another member should have.</param>
    /// <returns>How many subscriptions it had; null when it has ended before.</returns>
    public int? End(out IEnumerable<Outgoing> others)
    {
        lock (gate)
        {
            others = [];
            if (ended)
                return null;
            Volatile.Write(ref ended, true);
            Detach();
            if (StoredAs > 0)
                Namespace.CountStored(-1);
            keeps = false;
            var count = SubscriptionCount;
            foreach (var subscription in subscriptions?.Values ?? Enumerable.Empty<Subscription>())
                Namespace.Tree.Remove(subscription);
            subscriptions = null;
            others = flow?.TakeShared(out var left) is { } taken ? Lost(taken, left) : [];
            return count;
        }
    }

    /// <summary>A message for the client is lost.</summary>
    public void Lose(LossReason reason, long count = 1)
    {
        Traffic.Lose(reason, count, Clock.Coarse);
        Namespace.Totals.Lose(reason, count);
    }

    /// <summary>Looks at the messages on their way and at the connection, under the lock; either may be null.</summary>
    public T Look<T>(Func<MessageFlow?, Connection?, T> look)
    {
        lock (gate)
            return outbox is { } present ? present.Look(lent => look(lent, holder)) : look(flow, holder);
    }

    /// <summary>Its subscriptions, in no order.</summary>
    public IReadOnlyList<(string Filter, SubscriptionOptions Options)> Subscriptions()
    {
        lock (gate)
            return [.. subscriptions?.Select(static s => (s.Key, s.Value.Options)) ?? []];
    }

    private IReadOnlyList<Outgoing> Lost(IReadOnlyList<Outgoing> taken, int left)
    {
        if (left > 0)
            Lose(LossReason.SessionEnded, left);
        return taken;
    }

    /// <summary>Under the lock: takes the messages back from the connection.</summary>
    private void Detach()
    {
        if (outbox?.GiveBack() is { } back)
        {
            back.Suspend();
            flow = back;
        }

        Volatile.Write(ref outbox, null);
    }

    /// <summary>Under the lock: begins, goes on or ends to be stored.</summary>
    private void Store(in Presence now)
    {
        presence = now;
        if (Namespace.Store is not { } store)
            return;
        if (keeps && storedAs > 0)
        {
            store.Present(storedAs, now);
        }
        else if (keeps)
        {
            Volatile.Write(ref storedAs, store.NextSession());
            Namespace.CountStored(1);
            Whole(flow!);
        }
        else if (storedAs > 0)
        {
            store.Ended(storedAs);
            Volatile.Write(ref storedAs, 0);
            Namespace.CountStored(-1);
        }
    }

    /// <summary>Under the lock, and that of the outbox which has the messages.</summary>
    private void Whole(MessageFlow messages)
    {
        lock (receivedGate)
            Namespace.Store!.Whole(new SessionImage(this, presence, messages.Numbers, subscriptions?.ToArray() ?? [], Received.ToList(), messages.Places(), messages.Owed));
    }

    /// <summary>What was owed when the program ended; of a subscription that is gone nothing.</summary>
    private RetainedBatch FindAgain(in OwedRetained owed)
    {
        Namespace.Retained.Restore(owed.Version, null, null); // What comes is later than what is owed.
        return subscriptions!.TryGetValue(owed.Filter, out var subscription)
            ? new RetainedBatch(Namespace.Retained.Match(Encoding.UTF8.GetBytes(owed.Filter), out _, owed.Version), subscription.Options.QoS, subscription.Options.Identifiers)
            : new RetainedBatch([], 0, null);
    }

    /// <summary>Made when somebody asks: most sessions retain nothing and are not stored.</summary>
    private KnownClient Identify()
    {
        lock (gate)
        {
            var made = new KnownClient(Namespace.Name, Owner, ClientId, userName);
            Volatile.Write(ref identity, made);
            return made;
        }
    }

    private void Add(ushort packetId)
    {
        if (received is null)
            Volatile.Write(ref received, new PacketIdSet());
        received!.Add(packetId);
    }

    private Delivered Keep(in Message message, in Receiver to, ref KeptMessage? kept)
    {
        if (to.QoS == 0 || !keeps)
            return DeliveryResult.Gone;
        lock (gate)
        {
            if (ended || !keeps)
                return DeliveryResult.Gone;
            kept ??= new KeptMessage(message, Clock);
            var outgoing = new Outgoing(kept, to.QoS, to.Retain, to.Identifiers, to.Shared, to.Watch);
            // A connection may have attached between the look and the lock.
            return outbox is { } present ? present.Enqueue(outgoing) : (flow ??= new MessageFlow(options, this)).Enqueue(outgoing, away: true);
        }
    }
}

/// <summary>A will that is published when its time comes, unless its client comes first.</summary>
/// <param name="At">By the engine's clock, ms.</param>
internal sealed record PendingWill(MqttClient Client, Will Will, long At);
