namespace Strata.Core.Health;

/// <summary>
/// Where a device is counted in a fleet report: in exactly one. The order is the precedence: of what holds, the first counts, but a device without any reason is
/// <see cref="Healthy"/>. Decommissioned devices are counted nowhere.
/// </summary>
public enum HealthBucket
{
    /// <summary>Taken out of service for a while, by its state or by a window: what is wrong with it is expected.</summary>
    Maintenance,

    /// <summary>It has not been heard since it was registered, and is not overdue in a way that anybody can judge.</summary>
    Waiting,

    /// <summary>Silent because its gateway is.</summary>
    BehindGateway,

    Offline,

    LowBattery,

    /// <summary>Errors or restarts beyond those of its like.</summary>
    Faulty,

    /// <summary>What it sends cannot be relied upon.</summary>
    BadData,

    WeakSignal,

    /// <summary>Connections that come and go, or a wrong clock.</summary>
    Unstable,

    /// <summary>Nothing is wrong with it.</summary>
    Healthy,
}

/// <summary>The buckets' names in API, CLI and pages.</summary>
public static class HealthBuckets
{
    private static readonly string[] Names = ["maintenance", "waiting", "behindGateway", "offline", "lowBattery", "faulty", "badData", "weakSignal", "unstable", "healthy"];

    /// <summary>All there are, in order of precedence.</summary>
    public static IReadOnlyList<HealthBucket> All { get; } = Enum.GetValues<HealthBucket>();

    public static string NameOf(HealthBucket bucket) => Names[(int)bucket];

    /// <summary>False when there is none of that name.</summary>
    public static bool TryParse(string? name, out HealthBucket bucket)
    {
        var at = Array.IndexOf(Names, name);
        bucket = at < 0 ? default : (HealthBucket)at;
        return at >= 0;
    }
}
