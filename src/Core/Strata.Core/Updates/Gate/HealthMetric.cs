namespace Strata.Core.Updates.Gate;

/// <summary>What the updated are compared by with the not yet updated.</summary>
public enum HealthMetric
{
    Reboots,
    Disconnects,
    Silence,
    Battery,
    Errors,
    DataQuality,
    Latency,
}

public static class HealthMetrics
{
    public const int Count = 7;

    private static readonly string[] Names = ["reboots", "disconnects", "silence", "battery", "errors", "dataQuality", "latency"];

    private static readonly string[] Words = ["restart again and again", "lose their connection", "fall silent", "drain their batteries", "report errors", "send bad data", "have become slow"];

    /// <summary>As the API names it.</summary>
    public static string NameOf(HealthMetric metric) => Names[(int)metric];

    /// <summary>What a device does that is ill by it, for a person.</summary>
    public static string WordsOf(HealthMetric metric) => Words[(int)metric];
}
