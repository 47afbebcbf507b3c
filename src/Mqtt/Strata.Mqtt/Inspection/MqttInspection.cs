using System.Reflection;
using System.Text;
using Strata.Mqtt.Access;
using Strata.Mqtt.Connections;
using Strata.Mqtt.Delivery;
using Strata.Mqtt.Subscriptions;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Inspection;

/// <summary>
/// What a broker has and does now, for whoever runs it. Each call looks at every session it may mean, one after the other, each for a moment under its lock: a picture that is
/// nearly of one time. Where a namespace is given, nothing of another is seen or touched. Safe for use by any number of threads.
/// </summary>
public sealed class MqttInspection
{
    private static readonly TimeSpan LossesMatterFor = TimeSpan.FromMinutes(1);
    private readonly MqttBroker broker;
    private readonly DateTimeOffset started;

    internal MqttInspection(MqttBroker broker) => (this.broker, started) = (broker, broker.Time.GetUtcNow());

    /// <summary>The most that one call gives.</summary>
    public const int MaxPage = 1000;

    /// <param name="endpoints">Where it is served, by name.</param>
    public BrokerStatus Status(string? @namespace = null, IReadOnlyDictionary<string, string>? endpoints = null)
    {
        var of = Namespaces(@namespace).ToList();
        List<TrafficTotals> totals = [.. of.Select(static n => n.Totals)];
        if (@namespace is null)
            totals.Add(broker.Totals);
        var version = typeof(MqttInspection).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
        return new BrokerStatus(
            version, started, broker.Clock.Now / 1000.0, totals.Sum(static t => t.Connected), of.Sum(static n => n.SessionCount), of.Sum(static n => n.Tree.Count),
            of.Sum(static n => (long)n.Retained.Count), of.Sum(static n => n.Retained.Bytes), of.Sum(static n => n.Queued.Messages), of.Sum(static n => n.Queued.Bytes),
            totals.Sum(static t => t.PacketsIn((int)PacketType.Publish)), totals.Sum(static t => t.PacketsOut((int)PacketType.Publish)),
            totals.Sum(static t => t.Of(Total.BytesIn)), totals.Sum(static t => t.Of(Total.BytesOut)), Losses(r => totals.Sum(t => t.Lost(r))), endpoints ?? new Dictionary<string, string>());
    }

    /// <summary>Sessions by namespace, client id and owner.</summary>
    /// <param name="client">The client id; <c>*</c> stands for any characters. Null: all.</param>
    /// <param name="connected">Only those whose client is there, or only the others. Null: both.</param>
    /// <param name="slowOnly">Only those that are slow.</param>
    /// <param name="after">The <see cref="InspectionPage{T}.Next"/> of the page before.</param>
    /// <param name="limit">1 to <see cref="MaxPage"/>.</param>
    /// <exception cref="FormatException"><paramref name="after"/> is no such thing.</exception>
    public InspectionPage<ClientStatus> Clients(
        string? @namespace = null, string? client = null, bool? connected = null, bool slowOnly = false, string? after = null, int limit = MaxPage)
    {
        var sessions = Sessions(@namespace, client).Where(s => connected is null || connected == s.Holder is not null).Where(s => !slowOnly || Describe(s).Slow);
        var page = KeyedPage.Take(sessions, static s => $"{s.Namespace.Name}\0{s.ClientId}\0{s.Owner}", after, limit);
        return new InspectionPage<ClientStatus>([.. page.Items.Select(Describe)], page.Next);
    }

    /// <summary>Messages that the sessions of an owner have not got yet: those that wait for their client, and those it did not acknowledge.</summary>
    public int UndeliveredTo(string @namespace, string owner) =>
        Sessions(@namespace, null).Where(s => s.Owner == owner).Sum(static s => s.Look(static (flow, _) => (flow?.Waiting ?? 0) + (flow?.Unacknowledged ?? 0)));

    /// <summary>The sessions with the most of something, the most first.</summary>
    /// <param name="limit">1 to <see cref="MaxPage"/>.</param>
    public IReadOnlyList<ClientStatus> Top(TopBy by, string? @namespace = null, string? client = null, int limit = 20)
    {
        var most = new PriorityQueue<ClientStatus, double>();
        foreach (var session in Sessions(@namespace, client))
        {
            var status = Describe(session);
            most.Enqueue(status, Weight(status, by));
            if (most.Count > Math.Clamp(limit, 1, MaxPage))
                most.Dequeue();
        }

        return [.. most.UnorderedItems.OrderByDescending(static i => i.Priority).ThenBy(static i => i.Element.ClientId, StringComparer.Ordinal).Select(static i => i.Element)];
    }

    /// <summary>Subscriptions by namespace, client id and filter.</summary>
    /// <param name="client">The client id; <c>*</c> stands for any characters. Null: all.</param>
    /// <param name="filter">The filter as it was subscribed to; <c>*</c> stands for any characters. Null: all.</param>
    /// <exception cref="FormatException"><paramref name="after"/> is not the <see cref="InspectionPage{T}.Next"/> of a page.</exception>
    public InspectionPage<SubscriptionStatus> Subscriptions(string? @namespace = null, string? client = null, string? filter = null, string? after = null, int limit = MaxPage)
    {
        var all = Sessions(@namespace, client).SelectMany(static s => s.Subscriptions().Select(o => (Session: s, o.Filter, o.Options))).Where(o => filter is null || Wildcard.Matches(filter, o.Filter));
        var page = KeyedPage.Take(all, static o => $"{o.Session.Namespace.Name}\0{o.Session.ClientId}\0{o.Filter}\0{o.Session.Owner}", after, limit);
        return new InspectionPage<SubscriptionStatus>(
            [
                .. page.Items.Select(static o => new SubscriptionStatus(
                    o.Session.ClientId, o.Session.Namespace.Name, o.Filter, o.Options.QoS, o.Options.NoLocal, o.Options.RetainAsPublished, o.Session.Holder is not null)),
            ],
            page.Next);
    }

    /// <summary>Retained messages by namespace and topic.</summary>
    /// <param name="filter">A topic filter of MQTT. Null: all.</param>
    /// <exception cref="FormatException"><paramref name="filter"/> is no topic filter, or <paramref name="after"/> not the <see cref="InspectionPage{T}.Next"/> of a page.</exception>
    public InspectionPage<RetainedStatus> Retained(string? @namespace = null, string? filter = null, string? after = null, int limit = MaxPage)
    {
        var wanted = filter is null ? null : Encoding.UTF8.GetBytes(filter);
        if (wanted is not null && !Topics.IsValidFilter(wanted))
            throw new FormatException($"'{filter}' is no topic filter: + stands alone in its level, # alone in the last.");
        var all = Namespaces(@namespace).SelectMany(n => (wanted is null ? n.Retained.ToList().Select(static m => m.Message) : n.Retained.Match(wanted, out _)).Select(m => (n.Name, Topic: Encoding.UTF8.GetString(m.Topic), Message: m)));
        var page = KeyedPage.Take(all, static m => $"{m.Name}\0{m.Topic}", after, limit);
        var now = broker.Clock.Now;
        return new InspectionPage<RetainedStatus>(
            [
                .. page.Items.Select(m => new RetainedStatus(
                    m.Topic, m.Name, m.Message.QoS, m.Message.Payload.Length, m.Message.ExpiresAt == long.MaxValue ? null : Math.Max(0, m.Message.ExpiresAt - now) / 1000.0)),
            ],
            page.Next);
    }

    /// <summary>
    /// The packets of a client id as they come and go, from now on, also of later connections. A slow reader loses lines, counted in <see cref="TraceLine.LostBefore"/>; the
    /// client is never slowed. Ends when it is disposed, and
    /// after <paramref name="time"/>, or <see cref="MqttOptions.MaxTraceTime"/> when that is shorter.
    /// </summary>
    /// <param name="payloadBytes">How much of each payload is shown: 0 for none, to 1,024.</param>
    /// <returns>Null: <see cref="MqttOptions.MaxTraces"/> run already.</returns>
    public ClientTrace? Trace(string clientId, string? @namespace, int payloadBytes, TimeSpan time) => broker.Traces.Begin(clientId, @namespace, payloadBytes) is { } trace
        ? new ClientTrace(trace, broker.Traces, time < broker.Options.MaxTraceTime ? time : broker.Options.MaxTraceTime, broker.Time)
        : null;

    /// <summary>Ends the connections of a client id with 0x98 (administrative action); its sessions stay.</summary>
    /// <returns>How many there were.</returns>
    public int Disconnect(string clientId, string? @namespace = null)
    {
        var count = 0;
        foreach (var session in Namespaces(@namespace).SelectMany(static n => n.ToList()))
        {
            if (session.ClientId != clientId || session.Holder is not { } holder)
                continue;
            holder.Close(DisconnectCause.ByServer, MqttReasonCode.AdministrativeAction, "An operator ended the connection.");
            count++;
        }

        return count;
    }

    /// <summary>Bans in force, by namespace, kind and value; with a namespace only those of it.</summary>
    /// <exception cref="FormatException"><paramref name="after"/> is not the <see cref="InspectionPage{T}.Next"/> of a page.</exception>
    public InspectionPage<BanStatus> Bans(string? @namespace = null, string? after = null, int limit = MaxPage)
    {
        var page = KeyedPage.Take(
            broker.Bans.ToList().Where(b => @namespace is null || b.Namespace == @namespace), static b => $"{b.Namespace}\0{KindName(b.Kind)}\0{b.Value}", after, limit);
        return new InspectionPage<BanStatus>([.. page.Items.Select(Describe)], page.Next);
    }

    /// <summary>Adds a ban, or replaces the one of the same namespace, kind and value.</summary>
    /// <exception cref="InvalidOperationException">There are as many as may be.</exception>
    public BanStatus Ban(MqttBan ban)
    {
        broker.Bans.Add(ban);
        return Describe(ban);
    }

    /// <summary>Takes a ban back.</summary>
    /// <returns>False: there was none.</returns>
    public bool Unban(BanKind kind, string value, string? @namespace = null) => broker.Bans.Remove(kind, value, @namespace);

    private static BanStatus Describe(MqttBan ban) => new(KindName(ban.Kind), ban.Value, ban.Until, ban.Namespace);

    private static string KindName(BanKind kind) => kind switch { BanKind.Client => "client", BanKind.User => "user", _ => "address" };

    private IEnumerable<MqttNamespace> Namespaces(string? name) => broker.Namespaces.Where(n => name is null || n.Name == name);

    private IEnumerable<Session> Sessions(string? @namespace, string? client) =>
        Namespaces(@namespace).SelectMany(static n => n.ToList()).Where(s => !s.IsEnded && (client is null || Wildcard.Matches(client, s.ClientId)));

    private ClientStatus Describe(Session session) => session.Look((flow, holder) => Describe(session, flow, holder));

    private ClientStatus Describe(Session session, MessageFlow? flow, Connection? holder)
    {
        var (traffic, now) = (session.Traffic, broker.Clock.Now);
        var lost = Losses(traffic.Lost);
        var client = holder?.Client;
        return new ClientStatus(
            session.ClientId, session.Namespace.Name, session.Owner, session.Identity.UserName, client?.RemoteEndPoint?.ToString(), client is null ? null : PacketTrace.VersionName(client.Version),
            holder is not null, holder?.Since, holder is null && session.ExpiresAt != long.MaxValue ? Math.Max(0, session.ExpiresAt - now) / 1000.0 : null,
            holder is not null && IsSlow(flow, traffic, now), session.SubscriptionCount, traffic.MessagesIn, traffic.MessagesOut, traffic.BytesIn, traffic.BytesOut,
            Math.Round(traffic.RateIn(now), 2), Math.Round(traffic.RateOut(now), 2), traffic.DuplicatesIn, traffic.DuplicatesOut, lost.Values.Sum(), lost,
            flow?.Waiting ?? 0, flow?.WaitingBytes ?? 0, flow?.Unacknowledged ?? 0, Of(traffic.Acknowledgement), Of(traffic.Resume));
    }

    private bool IsSlow(MessageFlow? flow, SessionTraffic traffic, long now) =>
        (flow is { WaitingSince: >= 0 and var since } && now - since >= broker.Options.SlowAfter.TotalMilliseconds)
        || (traffic.LostToFullQueueAt is >= 0 and var lostAt && now - lostAt < LossesMatterFor.TotalMilliseconds);

    private static LatencyStatus? Of(LatencyFigures? figures) =>
        figures is { Last: { } last, Mean: { } mean, Longest: { } longest } ? new LatencyStatus(Math.Round(last, 3), Math.Round(mean, 3), Math.Round(longest, 3)) : null;

    private static Dictionary<string, long> Losses(Func<LossReason, long> of)
    {
        var lost = new Dictionary<string, long>();
        for (var reason = 0; reason < LossReasons.Names.Length; reason++)
        {
            if (of((LossReason)reason) is > 0 and var count)
                lost[LossReasons.Names[reason]] = count;
        }

        return lost;
    }

    private static double Weight(ClientStatus status, TopBy by) => by switch
    {
        TopBy.Lost => status.LostMessages,
        TopBy.Queue => status.Queued,
        TopBy.Slow => (status.Slow ? 1e12 : 0) + status.Queued,
        _ => status.RateIn + status.RateOut,
    };
}

/// <summary>What <see cref="MqttInspection.Top"/> orders by.</summary>
public enum TopBy
{
    /// <summary>Publishes a second, both ways.</summary>
    Rate,

    /// <summary>Messages lost.</summary>
    Lost,

    /// <summary>Messages that wait.</summary>
    Queue,

    /// <summary>Slow clients first, by what waits.</summary>
    Slow,
}
