using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Strata.Mqtt.Access;
using Strata.Mqtt.Connections;
using Strata.Mqtt.Delivery;
using Strata.Mqtt.Inspection;
using Strata.Mqtt.Limits;
using Strata.Mqtt.Subscriptions;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt;

/// <summary>
/// The engine: serves MQTT connections for an <see cref="IMqttHost"/>. One per set of topic trees; safe for use by any number of threads.
/// </summary>
public sealed partial class MqttBroker : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, MqttNamespace> namespaces = new(StringComparer.Ordinal);
    private readonly HashSet<Connection> connections = [];
    private readonly ILogger logger;
    private TaskCompletionSource? emptied;
    private int subscriptionCount;
    private int sessionCount;
    private int clientCount;

    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    public MqttBroker(IMqttHost host, MqttOptions options, TimeProvider timeProvider, ILoggerFactory loggerFactory, IMeterFactory meterFactory)
    {
        options.Validate();
        Host = host;
        Options = options;
        Time = timeProvider;
        logger = loggerFactory.CreateLogger<MqttBroker>();
        announced = options.Copy();
        Queued = new QueueUse(() => Options.MaxQueuedMessages, () => Options.MaxQueuedBytes, null);
        Metrics = new MqttMetrics(meterFactory, this);
        Bans = new BanList(options.MaxBans, timeProvider);
        Bans.Changed += CloseBanned;
        Rates = new ConnectionRates(timeProvider);
        Reconnects = new RepeatLimit<(string, string, string)>(options.MaxReconnects, options.ReconnectWindow, options.FlappingBan, timeProvider);
        FailedLogins = new FailedLogins(options.MaxFailedLogins, options.FailedLoginWindow, timeProvider);
        Clock = new MqttClock(timeProvider);
        Sys = new SystemTopics(this);
        Traces = new PacketTraces(options, timeProvider, this);
        Inspection = new MqttInspection(this);
        Wheel = new DeadlineWheel(timeProvider, LookAtSessions);
        host.Attach(this);
    }

    /// <summary>Clients whose CONNECT was accepted and that are not gone.</summary>
    public int ClientCount => Volatile.Read(ref clientCount);

    internal IMqttHost Host { get; }

    internal MqttOptions Options { get; }

    internal TimeProvider Time { get; }

    internal MqttMetrics Metrics { get; }

    /// <summary>What is counted before a connection has a namespace.</summary>
    internal TrafficTotals Totals { get; } = new();

    internal IEnumerable<MqttNamespace> Namespaces => namespaces.Values;

    internal int SubscriptionCount => Volatile.Read(ref subscriptionCount);

    internal int SessionCount => Volatile.Read(ref sessionCount);

    internal FailedLogins FailedLogins { get; }

    /// <summary>Who may not connect: CONNACK 0x8A, from a banned address no answer. A ban that is added ends the connections it concerns, with 0x98.</summary>
    public BanList Bans { get; }

    /// <summary>By namespace, owner and client id.</summary>
    internal RepeatLimit<(string Namespace, string Owner, string ClientId)> Reconnects { get; }

    internal ConnectionRates Rates { get; }

    /// <summary>What the broker has and does now, for administration.</summary>
    public MqttInspection Inspection { get; }

    internal SystemTopics Sys { get; }

    internal PacketTraces Traces { get; }

    internal DeadlineWheel Wheel { get; }

    internal MqttClock Clock { get; }

    internal SessionClock Sessions { get; } = new();

    /// <summary>Serves one connection until it ends; the handler of <see cref="MqttHosting.UseMqtt"/>.</summary>
    public Task ServeAsync(ConnectionContext context)
    {
        if (Bans.IsBanned(context.RemoteEndPoint) || !Rates.TryTake(context.RemoteEndPoint, Options.MaxConnectionRate))
        {
            Metrics.Refused(Bans.IsBanned(context.RemoteEndPoint) ? MqttReasonCode.Banned : MqttReasonCode.ConnectionRateExceeded);
            context.Abort();
            return Task.CompletedTask;
        }

        var connection = new Connection(this, context);
        lock (connections)
        {
            if (emptied is not null || connections.Count >= Options.MaxConnections)
                connection = null;
            else
                connections.Add(connection);
        }

        if (connection is null)
        {
            LogTooManyConnections(context.RemoteEndPoint, Options.MaxConnections);
            Metrics.Refused(MqttReasonCode.ServerBusy);
            context.Abort();
            return Task.CompletedTask;
        }

        return connection.RunAsync();
    }

    /// <summary>The connection has ended.</summary>
    internal void Forget(Connection connection)
    {
        lock (connections)
        {
            connections.Remove(connection);
            if (connections.Count == 0)
                emptied?.TrySetResult();
        }
    }

    /// <summary>
    /// Sends a message to the subscribers of a namespace. Returns when it is written or queued for each (see
    /// <see cref="MqttOptions.MaxQueuedMessagesPerClient"/> for what a slow one gets); the spans are not kept.
    /// </summary>
    /// <param name="namespace">The topic tree.</param>
    /// <param name="topic">UTF-8, without wildcards.</param>
    /// <param name="payload">May be empty.</param>
    /// <param name="qos">0 to 2; a subscriber gets it with at most its granted QoS.</param>
    /// <param name="properties">MQTT 5 properties: <see cref="PublishProperties.Encoded"/> or <see cref="InboundPublish.Properties"/>; empty for none.</param>
    /// <param name="retain">It also becomes the topic's retained message, if there is room; an empty payload removes that.</param>
    /// <param name="watch">Whose acknowledgement (PUBACK) the host wants to hear of; null for nobody's. With QoS 1 only.</param>
    /// <returns>How many subscribers matched.</returns>
    /// <exception cref="ArgumentException">The topic is not a valid topic name.</exception>
    public int Publish(
        string @namespace, ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload, byte qos = 0, ReadOnlySpan<byte> properties = default, bool retain = false, DeliveryWatch? watch = null)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(qos, 2);
        if (!Topics.IsValidName(topic))
            throw new ArgumentException("Not a topic name.", nameof(topic));
        if (!retain && !namespaces.ContainsKey(@namespace))
            return 0;
        var known = NamespaceOf(@namespace);
        var message = Message.From(topic, payload, properties, qos, retain);
        var router = Router.Current;
        KeptMessage? kept = null;
        long retained = 0;
        try
        {
            if (retain && !known.Retained.TrySet(message, null, out kept, out retained))
                retained = 0;
            return router.Route(known, message, new Origin(Kept: kept, Retained: retained, Watch: watch)).Matches;
        }
        finally
        {
            router.Flush(Metrics);
        }
    }

    /// <summary>Sends a message to one client, by the subscriptions of its own that match; nobody else gets it. Otherwise as <see cref="Publish"/>.</summary>
    /// <returns>Whether it has such a subscription.</returns>
    public bool PublishTo(MqttClient client, ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload, byte qos = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(qos, 2);
        if (!Topics.IsValidName(topic))
            throw new ArgumentException("Not a topic name.", nameof(topic));
        if (client.Session is not { } session || !namespaces.TryGetValue(client.Namespace, out var known))
            return false;
        var router = Router.Current;
        try
        {
            return router.Route(known, Message.From(topic, payload, default, qos, retain: false), new Origin(Only: session)).Matches > 0;
        }
        finally
        {
            router.Flush(Metrics);
        }
    }

    /// <summary>Whether a message to the topic would reach anyone now. Costs one look at the tree; takes no lock.</summary>
    public bool HasSubscribers(string @namespace, ReadOnlySpan<byte> topic) =>
        namespaces.TryGetValue(@namespace, out var known) && known.Tree.HasMatch(topic);

    /// <summary>Whether a message to the topic would reach a session of this owner now, by a subscription of its own.</summary>
    public bool HasSubscribers(string @namespace, ReadOnlySpan<byte> topic, string owner) =>
        namespaces.TryGetValue(@namespace, out var known) && Router.Current.Reaches(known, topic, owner);

    /// <summary>
    /// Stops gracefully: no more is read, acknowledgements that are due are awaited for <see cref="MqttOptions.CloseTimeout"/> at most, MQTT 5
    /// clients get DISCONNECT 0x8B, all connections are closed. New connections are closed at once from then on. When
    /// <paramref name="cancellationToken"/> fires, whoever is left is cut off.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Connection[] open;
        lock (connections)
        {
            emptied ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (connections.Count == 0)
                emptied.TrySetResult();
            open = [.. connections];
        }

        foreach (var connection in open)
            connection.BeginStop();
        try
        {
            await emptied.Task.WaitAsync(3 * Options.CloseTimeout, Time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            foreach (var connection in open)
                connection.Abort();
            await emptied.Task.ConfigureAwait(false);
        }
    }

    /// <summary>Ends the engine's timer, store and meter; after <see cref="StopAsync"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        await Wheel.DisposeAsync().ConfigureAwait(false);
        await checkpoint.ConfigureAwait(false);
        Store?.Dispose();
        Metrics.Dispose();
    }

    internal MqttNamespace NamespaceOf(string name) => namespaces.GetOrAdd(
        name, static (name, broker) => new MqttNamespace(name, broker.Host, broker.Options, broker.Clock, broker.Store, broker.Metrics, broker.Queued), this);

    private void CloseBanned()
    {
        Connection[] open;
        lock (connections)
            open = [.. connections];
        foreach (var connection in open)
        {
            if (connection.Client is { } client && (Bans.IsBanned(client.RemoteEndPoint) || Bans.IsBanned(client.Namespace, client.ClientId, client.UserName)))
                connection.Close(DisconnectCause.ByServer, MqttReasonCode.AdministrativeAction, "The client is banned.");
        }
    }

    /// <returns>False: as many clients are connected as may be.</returns>
    internal bool TryEnter(MqttNamespace @namespace, string owner, string clientId)
    {
        if (!@namespace.TryCount(owner, clientId))
            return false;
        Interlocked.Increment(ref clientCount);
        Metrics.Opened();
        return true;
    }

    internal void ClientLeft(MqttNamespace @namespace)
    {
        @namespace.Totals.Left();
        Interlocked.Decrement(ref clientCount);
        Metrics.Ended();
    }

    /// <returns>False: <see cref="MqttOptions.MaxSessions"/> are held.</returns>
    internal bool TakeSession()
    {
        if (Interlocked.Increment(ref sessionCount) <= Options.MaxSessions)
            return true;
        Interlocked.Decrement(ref sessionCount);
        return false;
    }

    /// <summary>Corrects the count of sessions: one that was there before needs no second place.</summary>
    internal void SettleSession(bool taken, bool isNew)
    {
        if (taken != isNew)
            Interlocked.Add(ref sessionCount, isNew ? 1 : -1);
    }

    /// <summary>Ends a session that is out of its namespace's books: its subscriptions go, what others of a shared subscription may have is passed on.</summary>
    internal void EndSession(Session session)
    {
        if (session.End(out var others) is not { } count)
            return;
        Metrics.Subscribed(-ReleaseSubscriptions(count));
        Interlocked.Decrement(ref sessionCount);
        Sessions.Set(session, long.MaxValue);
        foreach (var outgoing in others)
            Router.Current.PassOn(session.Namespace, outgoing, Clock);
        Router.Current.Flush(Metrics);
        if (session.StoredAs > 0)
            Store!.Ended(session.StoredAs); // After what was passed on, so that it is in one session or in two, never in none.
    }

    /// <returns>False: <see cref="MqttOptions.MaxSubscriptions"/> are held.</returns>
    internal bool TakeSubscription()
    {
        if (Interlocked.Increment(ref subscriptionCount) <= Options.MaxSubscriptions)
            return true;
        Interlocked.Decrement(ref subscriptionCount);
        return false;
    }

    /// <returns>The same number, for the metric.</returns>
    internal int ReleaseSubscriptions(int count)
    {
        Interlocked.Add(ref subscriptionCount, -count);
        return count;
    }

    /// <summary>Publishes wills whose delay is over, ends sessions that have expired, begins a checkpoint when it is time; on the wheel's timer.</summary>
    private void LookAtSessions()
    {
        Clock.Turn();
        Sys.PublishWhenDue();
        CheckpointWhenDue();
        foreach (var session in Sessions.Take(Clock.Now, most: 1000))
        {
            var (will, expired, next) = session.Namespace.Look(session, Clock.Now);
            if (expired)
            {
                session.Namespace.Totals.SessionExpired();
                EndSession(session);
            }
            else
            {
                Sessions.Set(session, next);
            }

            if (will is not null)
                _ = PublishWillAsync(will.Client, session, will.Will);
        }
    }
}
