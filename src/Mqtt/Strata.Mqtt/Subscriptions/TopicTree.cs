using System.Text;
using Strata.Mqtt.Delivery;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Subscriptions;

/// <summary>The subscriptions of one namespace. Matching takes no lock and may run on any number of threads beside one change.</summary>
internal sealed class TopicTree
{
    private readonly Lock gate = new();
    private readonly TopicNode root = new(null, []);
    private int count;

    /// <summary>Subscriptions held.</summary>
    public int Count => Volatile.Read(ref count);

    /// <param name="filter">Valid (<see cref="Topics.IsValidFilter"/>); of a shared subscription with its share name in front.</param>
    public Subscription Add(Session session, ReadOnlySpan<byte> filter, SubscriptionOptions options)
    {
        lock (gate)
        {
            ReadOnlySpan<byte> share = default;
            var whole = filter;
            if (Topics.IsShared(filter))
                Topics.TrySplitShared(filter, out share, out filter);
            var node = root;
            var multiLevel = false;
            foreach (var range in filter.Split((byte)'/'))
            {
                var level = filter[range];
                if (level is [(byte)'#'])
                    multiLevel = true;
                else if (level is [(byte)'+'])
                    node = node.Plus ??= new TopicNode(node, []);
                else
                    node = node.GetOrAdd(level);
            }

            var list = multiLevel ? node.Multi ??= new SubscriberList() : node.Exact ??= new SubscriberList();
            var group = share.IsEmpty ? null : list.Group(Encoding.UTF8.GetString(share), Encoding.UTF8.GetString(whole));
            var subscription = new Subscription(session, node, multiLevel, group, options);
            (group?.Members ?? list).Add(subscription);
            Volatile.Write(ref count, count + 1);
            return subscription;
        }
    }

    /// <summary>Removes a subscription that stands in this tree, once.</summary>
    public void Remove(Subscription subscription)
    {
        lock (gate)
        {
            var node = subscription.Node;
            var list = subscription.MultiLevel ? node.Multi! : node.Exact!;
            if (subscription.Group is { } group)
            {
                group.Members.Remove(subscription);
                if (group.Members.IsEmpty)
                    list.Remove(group);
            }
            else
            {
                list.Remove(subscription);
            }

            Volatile.Write(ref count, count - 1);
            if (list.IsEmpty)
            {
                if (subscription.MultiLevel)
                    node.Multi = null;
                else
                    node.Exact = null;
            }

            while (node is { IsBare: true, Parent: { } parent })
            {
                parent.Remove(node);
                node = parent;
            }
        }
    }

    /// <summary>Collects who gets a message to the topic.</summary>
    public void Match(ReadOnlySpan<byte> topic, MatchList matches)
    {
        if (Count > 0)
            Visit(root, topic, 0, matches);
    }

    /// <summary>Whether any subscription matches the topic.</summary>
    public bool HasMatch(ReadOnlySpan<byte> topic) => Count > 0 && Visit(root, topic, 0, null);

    /// <param name="at">Where the next level begins; one beyond the end when there is none.</param>
    /// <param name="matches">Null: stop at the first.</param>
    private static bool Visit(TopicNode node, ReadOnlySpan<byte> topic, int at, MatchList? matches)
    {
        // A wildcard at the start does not match topics that begin with $ (MQTT-4.7.2-1).
        var wildcards = at > 0 || topic is not [(byte)'$', ..];
        var found = wildcards && Take(node.Multi, matches);
        if (at > topic.Length)
            return Take(node.Exact, matches) || found;
        if (found && matches is null)
            return true;
        var length = topic[at..].IndexOf((byte)'/');
        var end = length < 0 ? topic.Length : at + length;
        if (node.Find(topic[at..end]) is { } child)
            found |= Visit(child, topic, end + 1, matches);
        if (found && matches is null)
            return true;
        if (wildcards && node.Plus is { } plus)
            found |= Visit(plus, topic, end + 1, matches);
        return found;
    }

    private static bool Take(SubscriberList? list, MatchList? matches)
    {
        if (list is null || list.IsEmpty)
            return false;
        matches?.Add(list);
        return true;
    }
}
