using Strata.Mqtt.Connections;
using Strata.Mqtt.Delivery;
using Strata.Mqtt.Durability;
using Strata.Mqtt.Inspection;
using Strata.Mqtt.Limits;

namespace Strata.Mqtt.Subscriptions;

/// <summary>One topic tree, its retained messages and its sessions, each owner's client ids apart from the others'.</summary>
internal sealed class MqttNamespace(
    string name, IMqttHost host, MqttOptions options, MqttClock clock, SessionStore? store, MqttMetrics? metrics = null, QueueUse? nodeQueued = null)
{
    private readonly Dictionary<(string Owner, string ClientId), Session> sessions = [];
    private int storedSessions;
    private NamespaceLimits? limits;

    public string Name { get; } = name;

    public IMqttHost Host { get; } = host;

    /// <summary>Where sessions and retained messages are kept; null: in memory only.</summary>
    public SessionStore? Store { get; } = store;

    public TopicTree Tree { get; } = new();

    public TrafficTotals Totals { get; } = new();

    /// <summary>Null in tests of single parts.</summary>
    public MqttMetrics? Metrics { get; } = metrics;

    /// <summary>Sessions, with and without a connection.</summary>
    public int SessionCount
    {
        get
        {
            lock (sessions)
                return sessions.Count;
        }
    }

    public RetainedMessages Retained { get; } = new(options, clock);

    /// <summary>What waits for its sessions.</summary>
    public QueueUse Queued { get; } = new(() => options.MaxQueuedMessagesPerNamespace, () => options.MaxQueuedBytesPerNamespace, nodeQueued);

    /// <summary>What its clients publish.</summary>
    public PublishRate Rate { get; } = new();

    /// <summary>What they may publish, when that is not what the clients of every namespace may.</summary>
    public NamespaceLimits? Limits { get => Volatile.Read(ref limits); set => Volatile.Write(ref limits, value); }

    /// <summary>What they may publish now.</summary>
    public PublishRates RateLimits => Limits is { } own
        ? new PublishRates(own.MessagesPerSecond, own.BytesPerSecond) { Span = own.Span }
        : new PublishRates(options.MaxPublishRatePerNamespace, options.MaxPublishBytesPerNamespace);

    /// <summary>Whether any session here outlives the program.</summary>
    public bool KeepsSessions => Volatile.Read(ref storedSessions) > 0;

    /// <summary>A session begins or ends to outlive the program.</summary>
    public void CountStored(int change) => Interlocked.Add(ref storedSessions, change);

    /// <summary>Counts one more client as connected, where there is room for it: looking and counting are one step.</summary>
    public bool TryCount(string owner, string clientId)
    {
        lock (sessions)
        {
            var takesOver = sessions.TryGetValue((owner, clientId), out var known) && known.Holder is not null;
            if (Limits is { Connections: > 0 and var most } && Totals.Connected >= most && !takesOver)
                return false;
            Totals.Entered();
            return true;
        }
    }

    /// <summary>Makes the connection the holder of its client id's session (MQTT-3.1.2-4 to MQTT-3.1.2-6, MQTT-3.1.4-3).</summary>
    /// <param name="clean">Whatever session is there ends.</param>
    public Entrance Enter(string owner, string clientId, Connection connection, bool clean)
    {
        lock (sessions)
        {
            sessions.TryGetValue((owner, clientId), out var known);
            if (known is { Keeps: true, IsEnded: false } && !clean)
            {
                (known.PendingWill, known.ExpiresAt) = (null, long.MaxValue); // MQTT-3.1.3-9
                return new Entrance(known, true, known.Claim(connection), null, null);
            }

            var will = known?.PendingWill;
            var session = new Session(this, owner, clientId, options, clock);
            session.Claim(connection);
            sessions[(owner, clientId)] = session;
            return new Entrance(session, false, known?.Holder, known, will);
        }
    }

    /// <summary>A session that was stored is there again, without its client.</summary>
    public Session Restore(StoredSession stored)
    {
        var session = new Session(this, stored.Client.Owner, stored.Client.ClientId, options, clock);
        lock (sessions)
            sessions[(stored.Client.Owner, stored.Client.ClientId)] = session;
        return session;
    }

    public IReadOnlyList<Session> ToList()
    {
        lock (sessions)
            return [.. sessions.Values];
    }

    /// <summary>Whether a session waits for this client.</summary>
    public bool Has(string owner, string clientId)
    {
        lock (sessions)
            return sessions.TryGetValue((owner, clientId), out var known) && known.Keeps;
    }

    /// <summary>The connection is gone; its session stays until it expires.</summary>
    /// <param name="will">What is to be published after a delay; null for nothing.</param>
    public void Await(Session session, uint expirySeconds, long expiresAt, PendingWill? will)
    {
        lock (sessions)
        {
            if (session.Holder is not null)
                return;
            (session.ExpiresAt, session.PendingWill) = (expiresAt, will);
            session.Present(new Presence(expirySeconds, expiresAt, will?.Will, will?.At ?? long.MaxValue));
        }
    }

    /// <summary>What is due for a session whose client is away.</summary>
    /// <returns>A will to publish; whether the session has expired and is out of the books; when to look again.</returns>
    public (PendingWill? Will, bool Expired, long Next) Look(Session session, long now)
    {
        lock (sessions)
        {
            if (session.Holder is not null || session.IsEnded)
                return (null, false, long.MaxValue);
            var expired = session.ExpiresAt <= now;
            PendingWill? will = null;
            if (session.PendingWill is { } pending && (expired || pending.At <= now))
            {
                (will, session.PendingWill) = (pending, null);
                session.Present(new Presence(0, session.ExpiresAt, null, long.MaxValue));
            }

            if (expired)
                Remove(session);
            return (will, expired, expired ? long.MaxValue : Math.Min(session.ExpiresAt, session.PendingWill?.At ?? long.MaxValue));
        }
    }

    /// <summary>The session has ended.</summary>
    public void Leave(Session session)
    {
        lock (sessions)
            Remove(session);
    }

    private void Remove(Session session)
    {
        if (sessions.TryGetValue((session.Owner, session.ClientId), out var known) && ReferenceEquals(known, session))
            sessions.Remove((session.Owner, session.ClientId));
    }
}

/// <summary>How a connection came by its session.</summary>
/// <param name="Present">The session was there before (session present).</param>
/// <param name="Previous">The connection that had it; to be closed.</param>
/// <param name="Ended">The session that this one replaces; to be ended.</param>
/// <param name="Will">A will that waited in that session.</param>
internal readonly record struct Entrance(Session Session, bool Present, Connection? Previous, Session? Ended, PendingWill? Will);
