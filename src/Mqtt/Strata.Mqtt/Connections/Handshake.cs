using System.Net;
using System.Text;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Connections;

/// <summary>What a CONNECT says, taken out of the receive buffer.</summary>
internal sealed class Handshake
{
    public required ConnectRequest Request { get; init; }

    /// <summary>The engine chose the client id (MQTT-3.1.3-6).</summary>
    public required bool Assigned { get; init; }

    public required TimeSpan KeepAlive { get; init; }

    /// <summary>To tell an MQTT 5 client that its keep-alive is not the one in force (MQTT-3.2.2-21).</summary>
    public required ushort? ServerKeepAlive { get; init; }

    public required uint SessionExpirySeconds { get; init; }

    /// <summary>The client's first SCRAM message; null when it asks for no enhanced authentication.</summary>
    public required byte[]? Scram { get; init; }

    /// <summary>Whatever session is there ends.</summary>
    public required bool CleanStart { get; init; }

    /// <summary>What is granted differs from what was asked, so that MQTT 5 is told.</summary>
    public required bool TellSessionExpiry { get; init; }

    public required ushort TopicAliasMaximum { get; init; }

    public required ushort ReceiveMaximum { get; init; }

    public required uint MaximumPacketSize { get; init; }

    public required bool RequestProblemInformation { get; init; }

    public required Will? Will { get; init; }

    /// <summary>Judges the packet against what this server offers and copies it.</summary>
    public static Handshake From(in ConnectPacket packet, MqttOptions options, bool offersScram, EndPoint? remoteEndPoint)
    {
        if (packet.HasAuthenticationMethod && !(offersScram && packet.AuthenticationMethod.SequenceEqual("SCRAM-SHA-256"u8)))
        {
            throw new MqttProtocolException(
                MqttReasonCode.BadAuthenticationMethod, offersScram ? "SCRAM-SHA-256 is the authentication method offered." : "No authentication method is offered.", "MQTT-4.12.0-1");
        }

        if (packet.ClientId.Length > options.MaxClientIdBytes)
            throw new MqttProtocolException(MqttReasonCode.ClientIdentifierNotValid, "The client id is too long.", "MQTT-3.1.3-8");
        if (packet.ClientId.IsEmpty && !packet.CleanStart && packet.Version != MqttProtocolVersion.V500)
            throw new MqttProtocolException(MqttReasonCode.ClientIdentifierNotValid, "An empty client id needs a clean session.", "MQTT-3.1.3-8");
        var keepAlive = packet.KeepAliveSeconds;
        ushort? serverKeepAlive = null;
        var most = (ushort)options.MaxKeepAlive.TotalSeconds;
        if (most > 0 && packet.Version == MqttProtocolVersion.V500 && (keepAlive == 0 || keepAlive > most))
            serverKeepAlive = keepAlive = most;
        var longest = (uint)Math.Min(uint.MaxValue, options.MaxSessionExpiry.TotalSeconds);
        var asked = packet.Version == MqttProtocolVersion.V500 ? packet.SessionExpirySeconds : packet.CleanStart ? 0 : longest;
        var assigned = packet.ClientId.IsEmpty;
        return new Handshake
        {
            Request = new ConnectRequest(
                assigned ? "auto-" + Guid.NewGuid().ToString("N") : Encoding.UTF8.GetString(packet.ClientId),
                packet.HasUserName ? Encoding.UTF8.GetString(packet.UserName) : null,
                packet.Password.ToArray(),
                packet.Version,
                remoteEndPoint),
            Assigned = assigned,
            KeepAlive = TimeSpan.FromSeconds(keepAlive),
            ServerKeepAlive = serverKeepAlive,
            Scram = packet.HasAuthenticationMethod ? packet.AuthenticationData.ToArray() : null,
            CleanStart = packet.CleanStart,
            SessionExpirySeconds = Math.Min(asked, longest),
            TellSessionExpiry = asked > longest,
            TopicAliasMaximum = packet.TopicAliasMaximum,
            ReceiveMaximum = packet.ReceiveMaximum,
            MaximumPacketSize = packet.MaximumPacketSize,
            RequestProblemInformation = packet.RequestProblemInformation,
            Will = packet.HasWill ? Will.From(packet, options) : null,
        };
    }
}
