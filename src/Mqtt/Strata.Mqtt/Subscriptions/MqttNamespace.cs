using Strata.Mqtt.Connections;

namespace Strata.Mqtt.Subscriptions;

/// <summary>One topic tree and the client ids in use in it, each owner's apart from the others'.</summary>
internal sealed class MqttNamespace(string name)
{
    private readonly Dictionary<(string Owner, string ClientId), Connection> clients = [];

    public string Name { get; } = name;

    public TopicTree Tree { get; } = new();

    /// <summary>Makes the connection the holder of its client id.</summary>
    /// <returns>Who held it before.</returns>
    public Connection? Enter(string owner, string clientId, Connection connection)
    {
        lock (clients)
        {
            clients.TryGetValue((owner, clientId), out var previous);
            clients[(owner, clientId)] = connection;
            return previous;
        }
    }

    /// <summary>Gives the client id free unless another connection has taken it over.</summary>
    public void Leave(string owner, string clientId, Connection connection)
    {
        lock (clients)
        {
            if (clients.TryGetValue((owner, clientId), out var holder) && ReferenceEquals(holder, connection))
                clients.Remove((owner, clientId));
        }
    }
}
