using System.Globalization;
using System.Reflection;
using System.Text;
using Strata.Mqtt.Delivery;
using Strata.Mqtt.Subscriptions;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Inspection;

/// <summary>
/// <c>$SYS/broker/...</c>: what the server tells about itself, by mosquitto's names. Each namespace is told of itself alone. The messages are made when somebody looks: a new
/// subscriber gets them as retained ones, a known one what has changed, QoS 0; nothing of it is kept or stored.
/// </summary>
internal sealed class SystemTopics(MqttBroker broker)
{
    private static readonly string Version = typeof(SystemTopics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    private readonly long interval = (long)broker.Options.SysInterval.TotalMilliseconds;
    private readonly Lock gate = new();
    private readonly Dictionary<MqttNamespace, SystemFigures> figures = [];
    private long due = (long)broker.Options.SysInterval.TotalMilliseconds;

    /// <summary>What a new subscription to a filter that begins with <c>$SYS</c> finds.</summary>
    public IReadOnlyList<KeptMessage> Match(MqttNamespace @namespace, ReadOnlySpan<byte> filter)
    {
        if (interval == 0)
            return [];
        var all = new RetainedMessages(broker.Options, broker.Clock);
        lock (gate)
        {
            foreach (var (topic, value) in Of(@namespace).Tell(@namespace, Version, broker.Clock.Now / 1000))
                all.Restore(0, new KeptMessage(Message.From(topic, Encoding.UTF8.GetBytes(value), default, 0, retain: true), broker.Clock), author: null);
        }

        return all.Match(filter, out _);
    }

    /// <summary>Called with each turn of the wheel; one thread at a time.</summary>
    public void PublishWhenDue()
    {
        if (interval == 0 || broker.Clock.Coarse < due)
            return;
        due = broker.Clock.Coarse + interval;
        foreach (var @namespace in broker.Namespaces)
            Publish(@namespace);
        Router.Current.Flush(broker.Metrics);
    }

    private void Publish(MqttNamespace @namespace)
    {
        lock (gate)
        {
            var known = Of(@namespace);
            known.Average(@namespace.Totals, interval / 60_000.0);
            if (!SystemFigures.HasSubscribers(@namespace.Tree))
                return;
            var at = 0;
            foreach (var (topic, value) in known.Tell(@namespace, Version, broker.Clock.Now / 1000))
            {
                if (known.IsNews(at++, value) && @namespace.Tree.HasMatch(topic))
                    Router.Current.Route(@namespace, Message.From(topic, Encoding.UTF8.GetBytes(value), default, 0, retain: true), default);
            }
        }
    }

    private SystemFigures Of(MqttNamespace @namespace)
    {
        if (!figures.TryGetValue(@namespace, out var known))
            figures[@namespace] = known = new SystemFigures();
        return known;
    }
}

/// <summary>One namespace's figures; under the lock of <see cref="SystemTopics"/>.</summary>
internal sealed class SystemFigures
{
    private static readonly string[] Periods = ["1min", "5min", "15min"];
    private static readonly double[] Minutes = [1, 5, 15];

    private static readonly (string Name, Func<TrafficTotals, long> Of)[] Loads =
    [
        ("messages/received", static t => t.PacketsIn()),
        ("messages/sent", static t => t.PacketsOut()),
        ("publish/received", static t => t.PacketsIn((int)PacketType.Publish)),
        ("publish/sent", static t => t.PacketsOut((int)PacketType.Publish)),
        ("publish/dropped", static t => t.Lost()),
        ("bytes/received", static t => t.Of(Total.BytesIn)),
        ("bytes/sent", static t => t.Of(Total.BytesOut)),
    ];

    private static readonly byte[][] Topics = TopicNames();

    private readonly double[] averages = new double[Loads.Length * 3];
    private readonly long[] before = new long[Loads.Length];
    private readonly string?[] told = new string?[Topics.Length];

    public static bool HasSubscribers(TopicTree tree) => Topics.Any(t => tree.HasMatch(t));

    /// <summary>Takes what was counted since the last call into the averages, each per minute.</summary>
    /// <param name="minutes">How long that was.</param>
    public void Average(TrafficTotals totals, double minutes)
    {
        for (var load = 0; load < Loads.Length; load++)
        {
            var count = Loads[load].Of(totals);
            var rate = (count - before[load]) / minutes;
            before[load] = count;
            for (var period = 0; period < 3; period++)
            {
                ref var average = ref averages[(load * 3) + period];
                average = rate + (Math.Exp(-minutes / Minutes[period]) * (average - rate));
            }
        }
    }

    /// <summary>Whether the value of the topic at this place has changed since the last call.</summary>
    public bool IsNews(int at, string value)
    {
        if (told[at] == value)
            return false;
        told[at] = value;
        return true;
    }

    /// <summary>All topics with their values, always in the same order.</summary>
    public IEnumerable<(byte[] Topic, string Value)> Tell(MqttNamespace of, string version, long uptime)
    {
        var totals = of.Totals;
        var (all, connected) = (of.SessionCount, totals.Connected);
        var queued = of.Queued.Messages;
        string[] values =
        [
            $"strata version {version}", $"{uptime} seconds", Text(all), Text(connected), Text(Math.Max(0, all - connected)), Text(totals.MaximumConnected), Text(totals.ExpiredSessions),
            Text(totals.PacketsIn()), Text(totals.PacketsOut()), Text(queued + of.Retained.Count), Text(queued + of.Retained.Count),
            Text(of.Queued.Bytes + of.Retained.Bytes), Text(totals.PacketsIn((int)PacketType.Publish)), Text(totals.PacketsOut((int)PacketType.Publish)), Text(totals.Lost()),
            Text(totals.Of(Total.BytesIn)), Text(totals.Of(Total.BytesOut)), Text(of.Tree.Count), Text(of.Retained.Count),
            .. averages.Select(static a => a.ToString("0.00", CultureInfo.InvariantCulture)),
        ];
        return Topics.Zip(values);
    }

    private static byte[][] TopicNames() =>
    [
        .. ((string[])
        [
            "version", "uptime", "clients/total", "clients/connected", "clients/disconnected", "clients/maximum", "clients/expired",
            "messages/received", "messages/sent", "messages/stored", "store/messages/count",
            "store/messages/bytes", "publish/messages/received", "publish/messages/sent", "publish/messages/dropped",
            "bytes/received", "bytes/sent", "subscriptions/count", "retained messages/count",
            .. Loads.SelectMany(static l => Periods.Select(p => $"load/{l.Name}/{p}")),
        ]).Select(static name => Encoding.UTF8.GetBytes("$SYS/broker/" + name)),
    ];

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
