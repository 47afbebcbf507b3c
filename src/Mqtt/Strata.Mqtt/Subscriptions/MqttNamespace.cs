using Strata.Mqtt.Connections;

namespace Strata.Mqtt.Subscriptions;

/// <summary>One topic tree and the client ids in use in it.</summary>
internal sealed class MqttNamespace(string name)
{
    private readonly Dictionary<string, Connection> clients = new(StringComparer.Ordinal);

    public string Name { get; } = name;

    public TopicTree Tree { get; } = new();

    /// <summary>Makes the connection the holder of its client id.</summary>
    /// <returns>Who held it before.</returns>
    public Connection? Enter(string clientId, Connection connection)
    {
        lock (clients)
        {
            clients.TryGetValue(clientId, out var previous);
            clients[clientId] = connection;
            return previous;
        }
    }

    /// <summary>Gives the client id free unless another connection has taken it over.</summary>
    public void Leave(string clientId, Connection connection)
    {
        lock (clients)
        {
            if (clients.TryGetValue(clientId, out var holder) && ReferenceEquals(holder, connection))
                clients.Remove(clientId);
        }
    }
}
