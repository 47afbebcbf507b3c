using System.Net;
using System.Security.Cryptography.X509Certificates;
using Strata.Mqtt.Access;

namespace Strata.Mqtt;

/// <summary>
/// What the engine asks of the program that embeds it: who may connect, what a client may do, and what becomes of a publish. The engine
/// knows MQTT; the host knows what topics mean.
/// </summary>
public interface IMqttHost
{
    /// <summary>Called once by the broker's constructor, for hosts that publish.</summary>
    void Attach(MqttBroker broker)
    {
    }

    /// <summary>Decides about a CONNECT. Called once per connection, before anything else; bounded in time by the engine.</summary>
    ValueTask<ConnectDecision> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken);

    /// <summary>A client that was accepted is refused after all (0x97), because as many are connected as <see cref="Limits.NamespaceLimits.Connections"/> allows. Must not block.</summary>
    void Full(ConnectRequest request, ConnectDecision decision)
    {
    }

    /// <summary>
    /// Called once after a CONNECT was accepted, before any other call for the client: from here on the host may end the connection with
    /// <see cref="MqttClient.Disconnect"/>. Must not block. <see cref="Disconnected"/> follows exactly when this was called.
    /// </summary>
    void Connected(MqttClient client)
    {
    }

    /// <summary>
    /// Whether a session may still be there: called at the start for each that outlived the program, and by <see cref="MqttBroker.ReviewAccess"/>. The host gives
    /// its own object for the client, with which the will of one that is away is published in time, or refuses: then the session ends, without its will, and
    /// its connection is closed. Namespace and owner are what they were. Must not block.
    /// </summary>
    ConnectDecision Review(KnownClient client) => ConnectDecision.Accept(client.Namespace, owner: client.Owner);

    /// <summary>The disk has refused what was to be kept. Nothing is acknowledged any more and every client is sent away: the program should end and be looked at.</summary>
    void StorageFailed(Exception fault)
    {
    }

    /// <summary>
    /// Whether clients may prove their password with SCRAM-SHA-256 (enhanced authentication, MQTT 5.0 4.12) in place of sending it. The host then gets their
    /// <see cref="ConnectRequest.AuthenticatedUser"/>.
    /// </summary>
    bool OffersScram => false;

    /// <summary>What is kept of a user's password, for SCRAM-SHA-256; null when there is no such user. Called only where <see cref="OffersScram"/> is true.</summary>
    ValueTask<PasswordHash?> FindPasswordAsync(string userName, CancellationToken cancellationToken) => new((PasswordHash?)null);

    /// <summary>
    /// Whether the client may subscribe to the filter. Called for each filter of a SUBSCRIBE, and again for each that its session has when the client comes back
    /// and when access is reviewed; a client that is away has no connection then.
    /// </summary>
    bool MaySubscribe(MqttClient client, string topicFilter);

    /// <summary>
    /// The client has subscriptions: called behind the SUBACK that granted them, and behind <see cref="Connected"/> for those of a session that it came back to. What the host publishes from
    /// now on reaches it. Must not block.
    /// </summary>
    /// <param name="topicFilters">As asked for, with <c>$share/</c>.</param>
    void Subscribed(MqttClient client, IReadOnlyList<string> topicFilters)
    {
    }

    /// <summary>
    /// Whether the client may receive a message of this topic. Called only for the messages of a session of which <see cref="MaySubscribe"/> has denied a
    /// subscription that it granted before, or whose client <see cref="ChecksEachMessage"/>, as each is delivered. Must not block.
    /// </summary>
    bool MayReceive(MqttClient client, ReadOnlySpan<byte> topic) => false;

    /// <summary>
    /// Whether <see cref="MayReceive"/> is asked for every message to this client: where its filters may be wider than what it may have. Called when the client is
    /// welcomed and when access is reviewed. Must not block.
    /// </summary>
    bool ChecksEachMessage(MqttClient client) => false;

    /// <summary>Whether the retained message that this client published may stay. Called for each at the start, and when access is reviewed. Must not block.</summary>
    bool MayRetain(KnownClient author, ReadOnlySpan<byte> topic) => true;

    /// <summary>
    /// Decides about one PUBLISH. Called on the connection's read loop, in order, without a copy of the packet: the spans are valid during
    /// the call only. Must not block.
    /// </summary>
    PublishVerdict OnPublish(MqttClient client, in InboundPublish publish);

    /// <summary>
    /// Called after the packets that had arrived together were handed to <see cref="OnPublish"/>, when at least one of them was
    /// <see cref="PublishVerdict.Deferred"/>. The engine reads no further until it completes: this is where back-pressure acts.
    /// </summary>
    ValueTask EndBurstAsync(MqttClient client, CancellationToken cancellationToken) => default;

    /// <summary>Called once when a client whose CONNECT was accepted is gone.</summary>
    void Disconnected(MqttClient client, DisconnectCause cause)
    {
    }
}

/// <summary>Whose session or message it is; the client need not be connected.</summary>
/// <param name="UserName">What the client logged in as; null for nothing.</param>
public sealed record KnownClient(string Namespace, string Owner, string ClientId, string? UserName);

/// <summary>A CONNECT as the host sees it.</summary>
public sealed record ConnectRequest(
    string ClientId, string? UserName, ReadOnlyMemory<byte> Password, MqttProtocolVersion Version, EndPoint? RemoteEndPoint)
{
    /// <summary>What the client proved its identity with in TLS; the endpoint's configuration has judged it. Null when it gave none.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>Who the client has proved to be by SCRAM-SHA-256; null when it did not. It says nothing about <see cref="UserName"/>.</summary>
    public string? AuthenticatedUser { get; init; }
}

/// <summary>The host's answer to a CONNECT.</summary>
/// <param name="ReasonCode"><see cref="MqttReasonCode.Success"/>, or why not.</param>
/// <param name="Namespace">The topic tree the client lives in (a tenant); never part of a topic.</param>
/// <param name="State">The host's own object for this client, kept as <see cref="MqttClient.State"/>.</param>
/// <param name="Reason">For an MQTT 5 client's reason string; null for none.</param>
/// <param name="Owner">
/// Whose client it is. A connection takes over an older one that has its client id, owner and namespace; client ids of different owners
/// never meet. Empty where all clients of a namespace are one owner's.
/// </param>
/// <param name="UserName">Who the client is, when it has shown that otherwise than by a user name; null: whom it logged in as.</param>
public readonly record struct ConnectDecision(
    MqttReasonCode ReasonCode, string Namespace, object? State, string? Reason = null, string Owner = "", string? UserName = null)
{
    private const int MaxServerReferenceBytes = 256;

    /// <summary>Where an MQTT 5 client should go instead (Server Reference); null for nowhere.</summary>
    public string? ServerReference { get; init; }

    public static ConnectDecision Accept(string @namespace, object? state = null, string owner = "", string? userName = null) =>
        new(MqttReasonCode.Success, @namespace, state, null, owner, userName);

    /// <summary>Sends an MQTT 5 client to another server, with 0x9C for now or 0x9D for good; 3.1.1 knows no such thing and is told that this one is unavailable.</summary>
    /// <param name="serverReference">One or several, for example <c>HOST:PORT</c> (MQTT 5.0 4.11); 1 to 256 UTF-8 bytes.</param>
    /// <exception cref="ArgumentException">It is no such text.</exception>
    public static ConnectDecision Redirect(string serverReference, bool forGood = false, string? reason = null) =>
        IsServerReference(serverReference)
            ? new(forGood ? MqttReasonCode.ServerMoved : MqttReasonCode.UseAnotherServer, "", null, reason) { ServerReference = serverReference }
            : throw new ArgumentException("A server reference has 1 to 256 UTF-8 bytes and no control characters.", nameof(serverReference));

    internal static bool IsServerReference(string text) =>
        text.Length > 0 && !text.Any(char.IsControl) && !text.Any(char.IsSurrogate) && System.Text.Encoding.UTF8.GetByteCount(text) <= MaxServerReferenceBytes;

    public static ConnectDecision Refuse(MqttReasonCode reasonCode, string? reason = null) => new(reasonCode, "", null, reason);
}

/// <summary>A PUBLISH in the receive buffer.</summary>
public readonly ref struct InboundPublish
{
    /// <summary>The topic, valid UTF-8 without wildcards; a topic alias is already resolved.</summary>
    public required ReadOnlySpan<byte> Topic { get; init; }

    public required ReadOnlySpan<byte> Payload { get; init; }

    /// <summary>0 for QoS 0.</summary>
    public required ushort PacketId { get; init; }

    public required byte QoS { get; init; }

    public required bool Retain { get; init; }

    public required bool Duplicate { get; init; }

    /// <summary>The MQTT 5 content type; empty when absent.</summary>
    public ReadOnlySpan<byte> ContentType { get; init; }

    /// <summary>The MQTT 5 user properties as they stand in the packet, empty when there are none; enumerate with <see cref="UserPropertyReader"/>.</summary>
    public ReadOnlySpan<byte> UserProperties { get; init; }

    /// <summary>
    /// All MQTT 5 properties that are passed on to subscribers, as they stand in the packet (a topic alias is not among them). A host that
    /// publishes the message later copies this for <see cref="MqttBroker.Publish"/>.
    /// </summary>
    public ReadOnlySpan<byte> Properties { get; init; }
}

/// <summary>What becomes of a PUBLISH.</summary>
public readonly record struct PublishVerdict
{
    private PublishVerdict(PublishAction action, MqttReasonCode reasonCode, string? reason) =>
        (Action, ReasonCode, Reason) = (action, reasonCode, reason);

    public PublishAction Action { get; }

    public MqttReasonCode ReasonCode { get; }

    public string? Reason { get; }

    /// <summary>The engine routes it to subscribers and acknowledges it.</summary>
    public static PublishVerdict Route => new(PublishAction.Route, MqttReasonCode.Success, null);

    /// <summary>
    /// The host has taken it and acknowledges it later with <see cref="MqttClient.Acknowledge"/>. What it took is the host's to keep. A QoS 2 publish counts as received once that has led to its
    /// PUBREC; from then on it is not offered again, in a session with an expiry and <see cref="MqttOptions.DataDirectory"/> after a crash neither. When the connection or the program ends
    /// before, the client sends it again and it is offered again, with <see cref="InboundPublish.Duplicate"/> set, though the host may have kept it: over such an end the host gets it at least
    /// once, and one that may keep it once only must know it again by something of its own, as a number in a user property.
    /// </summary>
    public static PublishVerdict Deferred => new(PublishAction.Defer, MqttReasonCode.Success, null);

    /// <summary>
    /// Refused for good: MQTT 5 gets the code and reason in PUBACK, 3.1.1 a plain PUBACK (it has no other answer).
    /// </summary>
    public static PublishVerdict Refuse(MqttReasonCode reasonCode, string? reason) => new(PublishAction.Refuse, reasonCode, reason);
}

/// <summary>See <see cref="PublishVerdict"/>.</summary>
public enum PublishAction : byte
{
    Route,
    Defer,
    Refuse,
}

/// <summary>One acknowledgement that the host gives for a deferred PUBLISH.</summary>
public readonly record struct PublishAck(ushort PacketId, MqttReasonCode ReasonCode, string? Reason = null);

/// <summary>Why a client is gone.</summary>
public enum DisconnectCause
{
    /// <summary>It sent DISCONNECT.</summary>
    ByClient,

    /// <summary>The connection broke or was closed without DISCONNECT.</summary>
    ConnectionLost,

    /// <summary>Nothing heard for one and a half keep-alives.</summary>
    KeepAliveTimeout,

    /// <summary>It broke the protocol.</summary>
    ProtocolError,

    /// <summary>Another connection of its owner took its client id over.</summary>
    TakenOver,

    /// <summary>The host or the server's stop ended it.</summary>
    ByServer,
}
