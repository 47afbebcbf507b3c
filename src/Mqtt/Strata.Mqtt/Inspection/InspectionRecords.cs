using System.Text.Json.Serialization;

namespace Strata.Mqtt.Inspection;

/// <summary>A part of a list.</summary>
/// <param name="Next">For the next part; null at the end.</param>
public sealed record InspectionPage<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>What a broker is and holds.</summary>
/// <param name="Uptime">Seconds.</param>
/// <param name="Lost">Messages that did not reach a subscriber, by reason; those above 0.</param>
public sealed record BrokerStatus(
    string Version, DateTimeOffset Started, double Uptime, int Connected, int Sessions, int Subscriptions, long RetainedMessages, long RetainedBytes, long QueuedMessages, long QueuedBytes,
    long PublishesReceived, long PublishesSent, long BytesReceived, long BytesSent, IReadOnlyDictionary<string, long> Lost, IReadOnlyDictionary<string, string> Endpoints);

/// <summary>One session and what it has counted since it began.</summary>
/// <param name="Connected">Whether its client is there.</param>
/// <param name="Since">When the client connected; null while it is away.</param>
/// <param name="ExpiresIn">Seconds until the session ends, while the client is away.</param>
/// <param name="Slow">See <see cref="MqttOptions.SlowAfter"/>.</param>
/// <param name="RateIn">Publishes a second from the client, over the last 5 to 10 s.</param>
/// <param name="RateOut">The same towards it.</param>
/// <param name="DuplicatesIn">Publishes that the client sent again (DUP).</param>
/// <param name="DuplicatesOut">Those that were sent again to it.</param>
/// <param name="LostMessages">Messages for it that were lost.</param>
/// <param name="Lost">The same by reason; those above 0.</param>
/// <param name="Queued">Messages that wait.</param>
/// <param name="Inflight">QoS 1 and 2 messages sent and not acknowledged.</param>
/// <param name="AckLatency">From a PUBLISH sent to it to its acknowledgement; sampled.</param>
/// <param name="ResumeLatency">From its CONNECT until all that had waited for it was written to it.</param>
public sealed record ClientStatus(
    string ClientId, string Namespace, string Owner, string? User, string? Address, string? Version, bool Connected, DateTimeOffset? Since, double? ExpiresIn, bool Slow, int Subscriptions,
    long MessagesIn, long MessagesOut, long BytesIn, long BytesOut, double RateIn, double RateOut, long DuplicatesIn, long DuplicatesOut, long LostMessages, IReadOnlyDictionary<string, long> Lost,
    int Queued, long QueuedBytes, int Inflight, LatencyStatus? AckLatency, LatencyStatus? ResumeLatency);

/// <summary>Milliseconds: the last, the mean of about the last eight, the longest.</summary>
public sealed record LatencyStatus(double Last, double Mean, double Longest);

/// <summary>One subscription.</summary>
public sealed record SubscriptionStatus(string ClientId, string Namespace, string Filter, int QoS, bool NoLocal, bool RetainAsPublished, bool Connected);

/// <summary>One retained message.</summary>
/// <param name="ExpiresIn">Seconds; null for never.</param>
public sealed record RetainedStatus(string Topic, string Namespace, int QoS, int PayloadBytes, double? ExpiresIn);

/// <summary>One packet of a traced client.</summary>
/// <param name="Direction">in (from the client) or out.</param>
/// <param name="Size">Bytes of the whole packet; 0 where it is not known.</param>
public sealed record TraceLine(DateTimeOffset Time, string Direction, string Type, int Size)
{
    public int? PacketId { get; init; }

    public int? QoS { get; init; }

    public bool Retain { get; init; }

    public bool Duplicate { get; init; }

    /// <summary>Of a PUBLISH, or the filters of a SUBSCRIBE.</summary>
    public string? Topic { get; init; }

    public int? PayloadBytes { get; init; }

    /// <summary>Its beginning as text, or as hexadecimal digits after 0x; only when asked for.</summary>
    public string? Payload { get; init; }

    /// <summary>Reason codes by their names.</summary>
    public string? Reason { get; init; }

    public string? Note { get; init; }

    /// <summary>Lines that were lost before this one, because the reader was slow.</summary>
    public long LostBefore { get; init; }
}

/// <summary>What is wrong, for who asked: problem details (RFC 9457).</summary>
/// <param name="Status">The status of the answer.</param>
public sealed record InspectionProblem(string Detail, int Status);

/// <summary>How many bans were taken back.</summary>
public sealed record AffectedBans(int Bans);

/// <summary>How many were meant.</summary>
public sealed record AffectedClients(int Clients);

/// <summary>One ban.</summary>
/// <param name="Kind">client, user or address.</param>
/// <param name="Until">Null: for good.</param>
/// <param name="Namespace">The only one in which it holds; null: all.</param>
public sealed record BanStatus(string Kind, string Value, DateTimeOffset? Until, string? Namespace);

/// <summary>The level from which on the broker logs.</summary>
public sealed record LogLevelStatus(string Level);

/// <summary>The records of the inspection API as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BrokerStatus))]
[JsonSerializable(typeof(InspectionPage<ClientStatus>))]
[JsonSerializable(typeof(InspectionPage<SubscriptionStatus>))]
[JsonSerializable(typeof(InspectionPage<RetainedStatus>))]
[JsonSerializable(typeof(InspectionPage<BanStatus>))]
[JsonSerializable(typeof(TraceLine))]
[JsonSerializable(typeof(InspectionProblem))]
[JsonSerializable(typeof(AffectedBans))]
[JsonSerializable(typeof(AffectedClients))]
[JsonSerializable(typeof(LogLevelStatus))]
public sealed partial class InspectionJson : JsonSerializerContext;
