namespace Strata.Core.Health;

/// <summary>What may be wrong with a device: a closed set. The order is that in which reasons are listed.</summary>
public enum HealthReason
{
    /// <summary>Silent, and so is the gateway through which it was heard last: the gateway is the cause.</summary>
    GatewayDown,

    /// <summary>Silent for longer than it ever should be.</summary>
    Offline,

    /// <summary>Its battery is nearly empty.</summary>
    LowBattery,

    /// <summary>Its supply is close to where it stops working.</summary>
    LowVoltage,

    /// <summary>It reports more errors than its like.</summary>
    Errors,

    /// <summary>It restarts more often than its like.</summary>
    Reboots,

    /// <summary>A value that ought to move has stood still.</summary>
    Stuck,

    /// <summary>A value that cannot be.</summary>
    OutOfRange,

    /// <summary>It leaves reports out.</summary>
    Gaps,

    /// <summary>What it measures arrives late.</summary>
    Late,

    /// <summary>It sends again what was taken.</summary>
    Duplicates,

    /// <summary>It is hardly heard by whom it talks to.</summary>
    WeakSignal,

    /// <summary>It connects and goes, again and again.</summary>
    Flapping,

    /// <summary>Its clock is wrong.</summary>
    ClockSkew,
}

/// <summary>The table of reasons: name, weight, bucket. The one place that says how bad what is.</summary>
public static class HealthReasons
{
    /// <summary>A score without any reason.</summary>
    public const int FullScore = 100;

    private static readonly (string Name, int Weight, HealthBucket Bucket)[] Table =
    [
        ("gatewayDown", 100, HealthBucket.BehindGateway),
        ("offline", 100, HealthBucket.Offline),
        ("lowBattery", 45, HealthBucket.LowBattery),
        ("lowVoltage", 45, HealthBucket.LowBattery),
        ("errors", 45, HealthBucket.Faulty),
        ("reboots", 45, HealthBucket.Faulty),
        ("stuck", 45, HealthBucket.BadData),
        ("outOfRange", 45, HealthBucket.BadData),
        ("gaps", 20, HealthBucket.BadData),
        ("late", 10, HealthBucket.BadData),
        ("duplicates", 10, HealthBucket.BadData),
        ("weakSignal", 15, HealthBucket.WeakSignal),
        ("flapping", 25, HealthBucket.Unstable),
        ("clockSkew", 20, HealthBucket.Unstable),
    ];

    /// <summary>All there are, in order.</summary>
    public static IReadOnlyList<HealthReason> All { get; } = Enum.GetValues<HealthReason>();

    /// <summary>As the API names it.</summary>
    public static string NameOf(HealthReason reason) => Table[(int)reason].Name;

    /// <summary>What it takes from <see cref="FullScore"/>.</summary>
    public static int WeightOf(HealthReason reason) => Table[(int)reason].Weight;

    /// <summary>Where a device is counted whose worst reason it is.</summary>
    public static HealthBucket BucketOf(HealthReason reason) => Table[(int)reason].Bucket;
}

/// <summary>Some of the reasons.</summary>
public readonly record struct HealthReasonSet(int Bits)
{
    public bool IsEmpty => Bits == 0;

    public bool Contains(HealthReason reason) => (Bits & (1 << (int)reason)) != 0;

    public HealthReasonSet With(HealthReason reason) => new(Bits | (1 << (int)reason));

    /// <summary>In the order of <see cref="HealthReason"/>.</summary>
    public IEnumerable<HealthReason> List()
    {
        foreach (var reason in HealthReasons.All)
        {
            if (Contains(reason))
                yield return reason;
        }
    }
}
