namespace Strata.Core.Metering;

/// <summary>What a tenant may use at most; null is no limit.</summary>
public sealed record Quotas
{
    /// <summary>The highest value of a quota.</summary>
    public const long Most = 1_000_000_000_000_000;

    /// <summary>The most days that readings stay.</summary>
    public const long MostDays = 3_653;

    /// <summary>The least bytes a second of downloads: with fewer, nothing would ever be there.</summary>
    public const long LeastDownloadBytes = 1_024;

    public static readonly Quotas Unlimited = new();

    /// <summary>Devices registered, those that were decommissioned not counted.</summary>
    public long? Devices { get; init; }

    /// <summary>MQTT connections at one time.</summary>
    public long? Connections { get; init; }

    /// <summary>Messages a second taken in: MQTT publishes, HTTP ingest, entries of gateways.</summary>
    public long? MessagesPerSecond { get; init; }

    /// <summary>Messages that may come at once after a silence; a second's when it is less or not said.</summary>
    public long? MessageBurst { get; init; }

    /// <summary>Bytes a second of those messages.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>Bytes that its readings may take; beyond it nothing new is taken in.</summary>
    public long? StorageBytes { get; init; }

    /// <summary>API calls a minute, a minute's at once.</summary>
    public long? ApiCallsPerMinute { get; init; }

    /// <summary>Bytes of one message's payload.</summary>
    public long? PayloadBytes { get; init; }

    /// <summary>Days that raw readings stay, by arrival; never longer than the installation keeps them.</summary>
    public long? RetentionDays { get; init; }

    /// <summary>Bytes a second that downloads of artifacts take together.</summary>
    public long? DownloadBytesPerSecond { get; init; }

    /// <summary>The values by name, in order.</summary>
    public IEnumerable<(string Name, long? Limit)> Items => Names.Select(n => (n, Of(n)));

    /// <summary>Whether the quota of this name is so much in a time.</summary>
    public static bool IsRate(string name) => name is "messagesPerSecond" or "bytesPerSecond" or "apiCallsPerMinute";

    /// <summary>The names of the values as API, command line and texts write them.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["devices", "connections", "messagesPerSecond", "messageBurst", "bytesPerSecond", "storageBytes", "apiCallsPerMinute", "payloadBytes", "retentionDays", "downloadBytesPerSecond"];

    /// <summary>The value of a name; null for no limit.</summary>
    public long? Of(string name) => name switch
    {
        "devices" => Devices,
        "connections" => Connections,
        "messagesPerSecond" => MessagesPerSecond,
        "messageBurst" => MessageBurst,
        "bytesPerSecond" => BytesPerSecond,
        "storageBytes" => StorageBytes,
        "apiCallsPerMinute" => ApiCallsPerMinute,
        "payloadBytes" => PayloadBytes,
        "retentionDays" => RetentionDays,
        "downloadBytesPerSecond" => DownloadBytesPerSecond,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "Not a quota."),
    };

    /// <summary>The same with one value changed; null for no limit.</summary>
    public Quotas With(string name, long? value) => name switch
    {
        "devices" => this with { Devices = value },
        "connections" => this with { Connections = value },
        "messagesPerSecond" => this with { MessagesPerSecond = value },
        "messageBurst" => this with { MessageBurst = value },
        "bytesPerSecond" => this with { BytesPerSecond = value },
        "storageBytes" => this with { StorageBytes = value },
        "apiCallsPerMinute" => this with { ApiCallsPerMinute = value },
        "payloadBytes" => this with { PayloadBytes = value },
        "retentionDays" => this with { RetentionDays = value },
        "downloadBytesPerSecond" => this with { DownloadBytesPerSecond = value },
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "Not a quota."),
    };

    /// <summary>Whether a value may be set: from 1 to <see cref="Most"/>, of days to <see cref="MostDays"/>, of downloads from <see cref="LeastDownloadBytes"/>.</summary>
    public static Problem? Check(string name, long? value)
    {
        if (!Names.Contains(name))
            return new Problem(ProblemKind.Invalid, $"There is no quota '{(name.Length > 60 ? name[..60] : name)}'; there are {string.Join(", ", Names)}.", name.Length > 60 ? "quotas" : name);
        var (least, most) = (name == "downloadBytesPerSecond" ? LeastDownloadBytes : 1, name == "retentionDays" ? MostDays : Most);
        return value is null || (value >= least && value <= most) ? null : new Problem(ProblemKind.Invalid, $"'{name}' is {value}; it takes a whole number from {least} to {most}, or null for no limit.", name);
    }
}

/// <summary>A template of quotas that tenants follow.</summary>
public sealed record QuotaPlan(string Name, Quotas Quotas, bool IsBuiltIn)
{
    /// <summary>The plan of a tenant for which nobody has said another.</summary>
    public const string Default = "unlimited";

    public static IReadOnlyList<QuotaPlan> BuiltIn { get; } =
    [
        new("free", new Quotas
        {
            Devices = 25, Connections = 50, MessagesPerSecond = 50, MessageBurst = 500, BytesPerSecond = 64 << 10, StorageBytes = 1L << 30, ApiCallsPerMinute = 300,
            PayloadBytes = 16 << 10, RetentionDays = 7,
        }, true),
        new("standard", new Quotas
        {
            Devices = 10_000, Connections = 15_000, MessagesPerSecond = 5_000, MessageBurst = 50_000, BytesPerSecond = 4 << 20, StorageBytes = 100L << 30, ApiCallsPerMinute = 6_000,
            PayloadBytes = 256 << 10,
        }, true),
        new(Default, Quotas.Unlimited, true),
    ];
}

/// <summary>How much of a quota is used.</summary>
/// <param name="Used">Now; of the rates: the mean of the last minute.</param>
/// <param name="RunsOut">The day on which it will be used up if use goes on as it did; null when it will not within a year, or too little is known.</param>
public sealed record QuotaUse(string Name, long Limit, long Used, DateOnly? RunsOut)
{
    /// <summary>From this share on somebody is warned.</summary>
    public const double WarnAt = 0.8;

    /// <summary>Within the last minute somebody was made to wait or refused for it.</summary>
    public bool IsHeld { get; init; }

    public double Share => Limit == 0 ? 1 : (double)Used / Limit;

    public QuotaState State => Used >= Limit ? QuotaState.Exceeded : Share >= WarnAt || IsHeld ? QuotaState.Warning : QuotaState.Ok;
}

/// <summary>See <see cref="QuotaUse.State"/>.</summary>
public enum QuotaState
{
    Ok,
    Warning,
    Exceeded,
}
