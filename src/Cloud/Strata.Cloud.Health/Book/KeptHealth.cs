using System.Text.Json.Serialization;

namespace Strata.Cloud.Health.Book;

/// <summary>What is kept of a device's health over a restart. Short names: there is one for each device.</summary>
internal sealed record KeptHealth
{
    /// <summary>When the device was registered: one of the same name that is newer begins anew.</summary>
    [JsonPropertyName("of")]
    public long Created { get; init; }

    [JsonPropertyName("gaps")]
    public float[] Gaps { get; init; } = [];

    /// <summary>From the device's clock to here, milliseconds, the oldest first.</summary>
    [JsonPropertyName("lag")]
    public float[] Lags { get; init; } = [];

    [JsonPropertyName("b")]
    public double? Battery { get; init; }

    [JsonPropertyName("v")]
    public double? Voltage { get; init; }

    [JsonPropertyName("co")]
    public double? CutOff { get; init; }

    [JsonPropertyName("rssi")]
    public double? Rssi { get; init; }

    [JsonPropertyName("snr")]
    public double? Snr { get; init; }

    [JsonPropertyName("sf")]
    public int SpreadingFactor { get; init; }

    [JsonPropertyName("fw")]
    public string? Firmware { get; init; }

    [JsonPropertyName("err")]
    public double? ErrorCount { get; init; }

    [JsonPropertyName("reb")]
    public double? RebootCount { get; init; }

    [JsonPropertyName("up")]
    public double? Uptime { get; init; }

    /// <summary>Errors, restarts, gaps, late, duplicates, lost connections: three numbers each.</summary>
    [JsonPropertyName("rates")]
    public double[] Rates { get; init; } = [];

    /// <summary>Of the battery: seconds since 1970, percent, degrees (-999 for none); three numbers each.</summary>
    [JsonPropertyName("bat")]
    public double[] BatteryPoints { get; init; } = [];

    /// <summary>Hours between them.</summary>
    [JsonPropertyName("bsp")]
    public double BatterySpacing { get; init; }

    [JsonPropertyName("brep")]
    public DateTimeOffset? BatteryReplaced { get; init; }

    /// <summary>Failures seen of it, and since when.</summary>
    [JsonPropertyName("fail")]
    public double Failures { get; init; }

    [JsonPropertyName("since")]
    public DateTimeOffset? ObservedSince { get; init; }

    [JsonPropertyName("deg")]
    public bool DegradedByHealth { get; init; }

    [JsonPropertyName("gone")]
    public string? LastDisconnect { get; init; }

    [JsonPropertyName("goneAt")]
    public DateTimeOffset? LastDisconnectAt { get; init; }
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(KeptHealth))]
[JsonSerializable(typeof(SortedDictionary<string, int>))]
internal sealed partial class HealthJson : JsonSerializerContext;
