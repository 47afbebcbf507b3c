using System.Net;
using Strata.Mqtt.Connections;
using Strata.Mqtt.Delivery;

namespace Strata.Mqtt;

/// <summary>
/// A client whose CONNECT was accepted, from then until <see cref="IMqttHost.Disconnected"/>. All members may be used from any thread; once
/// the client is gone, <see cref="Acknowledge"/> and <see cref="Disconnect"/> do nothing.
/// </summary>
public sealed class MqttClient
{
    private readonly Connection? connection;

    /// <param name="connection">Null for a client that is not there.</param>
    /// <param name="userName">See <see cref="UserName"/>.</param>
    internal MqttClient(Connection? connection, ConnectRequest request, string? userName, string @namespace, object? state)
    {
        this.connection = connection;
        ClientId = request.ClientId;
        UserName = userName;
        Namespace = @namespace;
        Version = request.Version;
        RemoteEndPoint = request.RemoteEndPoint;
        State = state;
    }

    /// <summary>The client's own id, or the one the engine assigned.</summary>
    public string ClientId { get; }

    /// <summary>Who it is: as the host said (<see cref="ConnectDecision.UserName"/>), else whom it logged in as; null for nobody.</summary>
    public string? UserName { get; }

    /// <summary>The topic tree it lives in (<see cref="ConnectDecision.Namespace"/>).</summary>
    public string Namespace { get; }

    public MqttProtocolVersion Version { get; }

    public EndPoint? RemoteEndPoint { get; }

    /// <summary>What the host gave in its <see cref="ConnectDecision"/>.</summary>
    public object? State { get; }

    /// <summary>Null before it is welcomed, and for a client that is not there.</summary>
    internal Session? Session => connection?.Session;

    /// <summary>The client of a session whose connection is gone.</summary>
    internal MqttClient WithoutConnection() => new(null, new ConnectRequest(ClientId, null, default, Version, RemoteEndPoint), UserName, Namespace, State);

    /// <summary>
    /// Acknowledges deferred publishes. Written to the client in one go, in the order in which the publishes arrived (MQTT-4.6.0-2): one
    /// given too early waits for its predecessors. QoS 0 (packet id 0) and unknown ids are ignored.
    /// </summary>
    public void Acknowledge(ReadOnlySpan<PublishAck> acks) => connection?.Outbox.Acknowledge(acks);

    /// <summary>Ends the connection: MQTT 5 gets a DISCONNECT with code and reason, 3.1.1 is closed. Acknowledgements given before are sent first.</summary>
    public void Disconnect(MqttReasonCode reasonCode, string? reason = null) =>
        connection?.Close(DisconnectCause.ByServer, reasonCode, reason);

    /// <summary>Ends the connection: MQTT 5 gets a DISCONNECT that sends it to another server, with 0x9C for now or 0x9D for good; 3.1.1 is closed.</summary>
    /// <param name="serverReference">See <see cref="ConnectDecision.Redirect"/>.</param>
    /// <exception cref="ArgumentException">It is no such text.</exception>
    public void Redirect(string serverReference, bool forGood = false, string? reason = null)
    {
        var code = ConnectDecision.Redirect(serverReference, forGood).ReasonCode;
        connection?.Close(DisconnectCause.ByServer, code, reason, serverReference);
    }
}
