using System.Text;
using Strata.Mqtt.Connections;
using Strata.Mqtt.Subscriptions;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Delivery;

/// <summary>
/// What a client has subscribed to and what is on its way to it. It ends with its connection, or outlives it for its expiry; a later connection of the same
/// owner and client id takes it up. Its lock is taken before an outbox's, never after.
/// </summary>
internal sealed class Session(MqttNamespace @namespace, string owner, string clientId, MqttOptions options, MqttClock clock)
{
    private readonly Lock gate = new();
    private Dictionary<string, Subscription>? subscriptions;
    private MessageFlow? flow = new(options);
    private Connection? holder;
    private Outbox? outbox;
    private volatile bool keeps;
    private bool ended;

    public MqttNamespace Namespace { get; } = @namespace;

    public string Owner { get; } = owner;

    public string ClientId { get; } = clientId;

    /// <summary>QoS 2 publishes of the client that it has not released yet.</summary>
    public PacketIdSet Received { get; } = new();

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
    /// <param name="outlives">Whether the session outlives the connection.</param>
    public void Attach(Connection connection, bool outlives, ushort receiveMaximum)
    {
        lock (gate)
        {
            if (!ReferenceEquals(holder, connection) || ended)
                return;
            keeps = flow!.Keeps = outlives;
            Volatile.Write(ref outbox, connection.Outbox);
            connection.Outbox.Adopt(flow, receiveMaximum);
            flow = null;
        }
    }

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
            return true;
        }
    }

    /// <summary>Gives a message to the client, or keeps it for it.</summary>
    public DeliveryResult Deliver(in Message message, PublishHead head, in Receiver to, ref KeptMessage? kept, out Outbox? unflushed)
    {
        unflushed = null;
        while (Volatile.Read(ref outbox) is { } present)
        {
            var result = present.Deliver(message, head, to, ref kept, out var wantsFlush);
            if (wantsFlush)
                unflushed = present;
            if (result != DeliveryResult.Gone || !keeps)
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
            keeps = false;
            var count = SubscriptionCount;
            foreach (var subscription in subscriptions?.Values ?? Enumerable.Empty<Subscription>())
                Namespace.Tree.Remove(subscription);
            subscriptions = null;
            others = flow!.TakeShared();
            return count;
        }
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

    private DeliveryResult Keep(in Message message, in Receiver to, ref KeptMessage? kept)
    {
        if (to.QoS == 0 || !keeps)
            return DeliveryResult.Gone;
        lock (gate)
        {
            if (ended || !keeps)
                return DeliveryResult.Gone;
            kept ??= new KeptMessage(message, clock);
            var outgoing = new Outgoing(kept, to.QoS, to.Retain, to.Identifiers, to.Shared);
            // A connection may have attached between the look and the lock.
            return outbox is { } present ? present.Enqueue(outgoing) : flow!.Enqueue(outgoing, away: true);
        }
    }
}

/// <summary>A will that is published when its time comes, unless its client comes first.</summary>
/// <param name="At">By the engine's clock, ms.</param>
internal sealed record PendingWill(Connection Connection, long At);
