using System.Text;
using Strata.Mqtt.Connections;
using Strata.Mqtt.Subscriptions;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Delivery;

/// <summary>
/// What a client has subscribed to and where its messages go. It lives as long as its connection until sessions outlive connections.
/// Subscriptions are changed by the connection's read loop only.
/// </summary>
internal sealed class Session(MqttNamespace @namespace, Connection connection)
{
    private Dictionary<string, Subscription>? subscriptions;

    public Connection Connection { get; } = connection;

    public Outbox Outbox => Connection.Outbox;

    public int SubscriptionCount => subscriptions?.Count ?? 0;

    public bool Has(string filter) => subscriptions is not null && subscriptions.ContainsKey(filter);

    public void Subscribe(string filter, SubscriptionOptions options)
    {
        subscriptions ??= new Dictionary<string, Subscription>(StringComparer.Ordinal);
        if (subscriptions.TryGetValue(filter, out var subscription))
            subscription.Options = options;
        else
            subscriptions.Add(filter, @namespace.Tree.Add(this, Encoding.UTF8.GetBytes(filter), options));
    }

    /// <returns>False: there was none.</returns>
    public bool Unsubscribe(string filter)
    {
        if (subscriptions is null || !subscriptions.Remove(filter, out var subscription))
            return false;
        @namespace.Tree.Remove(subscription);
        return true;
    }

    /// <summary>Gives all subscriptions up.</summary>
    /// <returns>How many there were.</returns>
    public int Clear()
    {
        var count = SubscriptionCount;
        foreach (var subscription in subscriptions?.Values ?? Enumerable.Empty<Subscription>())
            @namespace.Tree.Remove(subscription);
        subscriptions = null;
        return count;
    }
}
