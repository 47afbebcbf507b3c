using Strata.Mqtt.Delivery;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Subscriptions;

/// <summary>One session's subscription to one filter: an entry in the tree. Its place is changed under the tree's lock only.</summary>
internal sealed class Subscription(Session session, TopicNode node, bool multiLevel, SharedGroup? group, SubscriptionOptions options)
{
    public Session Session { get; } = session;

    public TopicNode Node { get; } = node;

    /// <summary>The filter ends in <c>#</c>; <see cref="Node"/> is the level before it.</summary>
    public bool MultiLevel { get; } = multiLevel;

    /// <summary>The shared subscription it is a member of; null for one of its own.</summary>
    public SharedGroup? Group { get; } = group;

    /// <summary>Replaced as a whole when the client subscribes again.</summary>
    public SubscriptionOptions Options { get; set; } = options;

    /// <summary>Where it stands in its <see cref="SubscriberList"/>.</summary>
    public int Slot { get; set; }
}
