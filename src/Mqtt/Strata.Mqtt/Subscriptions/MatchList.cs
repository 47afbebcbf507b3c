using Strata.Mqtt.Delivery;

namespace Strata.Mqtt.Subscriptions;

/// <summary>
/// Who gets a message: each session once, with the highest QoS (MQTT-3.3.4-2) and the identifiers (MQTT-3.3.4-3, MQTT-3.3.4-4) of its matching
/// subscriptions; and shared subscriptions, one member of each. Reused; one thread at a time.
/// </summary>
internal sealed class MatchList
{
    private const int LinearSearch = 16;

    private Match[] matches = new Match[8];
    private readonly List<SharedGroup> groups = [];
    private Dictionary<Session, int>? index;
    private int lists;
    private Session? publisher;
    private Session? only;

    public int Count { get; private set; }

    public ReadOnlySpan<Match> Matches => matches.AsSpan(0, Count);

    /// <summary>Shared subscriptions that match.</summary>
    public IReadOnlyList<SharedGroup> Groups => groups;

    /// <param name="from">Whose own messages No Local keeps from it; null when none.</param>
    /// <param name="to">The one session that may have it, by subscriptions of its own; null for all.</param>
    public void Begin(Session? from, Session? to = null)
    {
        (publisher, only) = (from, to);
        lists = 0;
    }

    /// <summary>Lets go of the sessions.</summary>
    public void Clear()
    {
        Array.Clear(matches, 0, Count);
        index?.Clear();
        groups.Clear();
        (publisher, only) = (null, null);
        Count = 0;
    }

    public void Add(SubscriberList list)
    {
        foreach (var subscription in list.Slots)
        {
            if (subscription is not null)
                Add(subscription);
        }

        if (only is null)
            groups.AddRange(list.Groups);
        lists++;
    }

    private void Add(Subscription subscription)
    {
        var options = subscription.Options;
        var session = subscription.Session;
        if ((options.NoLocal && ReferenceEquals(session, publisher)) || (only is not null && !ReferenceEquals(session, only)))
            return;
        var known = lists == 0 ? -1 : IndexOf(session);
        if (known >= 0)
        {
            ref var match = ref matches[known];
            match = match with
            {
                QoS = Math.Max(match.QoS, options.QoS), RetainAsPublished = match.RetainAsPublished || options.RetainAsPublished,
                Identifiers = options.Identifiers is null ? match.Identifiers : [.. match.Identifiers ?? [], .. options.Identifiers],
            };
            return;
        }

        if (Count == matches.Length)
            Array.Resize(ref matches, Count * 2);
        matches[Count] = new Match(session, options.QoS, options.RetainAsPublished, options.Identifiers);
        if (index is { Count: > 0 })
            index.TryAdd(session, Count);
        Count++;
    }

    private int IndexOf(Session session)
    {
        if (Count <= LinearSearch)
        {
            for (var i = 0; i < Count; i++)
            {
                if (ReferenceEquals(matches[i].Session, session))
                    return i;
            }

            return -1;
        }

        index ??= [];
        if (index.Count == 0)
        {
            for (var i = 0; i < Count; i++)
                index.TryAdd(matches[i].Session, i);
        }

        return index.TryGetValue(session, out var known) ? known : -1;
    }
}

/// <summary>One receiver of a message.</summary>
internal readonly record struct Match(Session Session, byte QoS, bool RetainAsPublished, int[]? Identifiers);
