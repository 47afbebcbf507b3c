using System.Collections.Immutable;

namespace Strata.Core.Health;

/// <summary>Which values mean that something is wrong: the thresholds of one tenant. The defaults are for everybody who has not said otherwise.</summary>
public sealed record HealthPolicy
{
    private static ImmutableSortedDictionary<string, ValueRange> DefaultRanges { get; } = new Dictionary<string, ValueRange>
    {
        ["temperature"] = new(-60, 150), ["humidity"] = new(0, 100), ["co2"] = new(0, 100_000), ["latitude"] = new(-90, 90), ["longitude"] = new(-180, 180),
    }.ToImmutableSortedDictionary(StringComparer.Ordinal);

    public static readonly HealthPolicy Default = new();

    /// <summary>A battery below this is low, percent. 1 to 90.</summary>
    public double LowBatteryPercent { get; init; } = 20;

    /// <summary>A device is offline after this silence at the earliest; one whose own interval is longer, after two of them. 5 s to 7 d.</summary>
    public TimeSpan OfflineAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A supply below its cut-off and this much of it is low, percent. 0 to 50.</summary>
    public double VoltageMarginPercent { get; init; } = 5;

    /// <summary>Below this a signal is weak, dBm, where no spreading factor is known. -150 to -50.</summary>
    public double WeakRssi { get; init; } = -110;

    /// <summary>A LoRa signal less than this above what its spreading factor needs is weak, dB. 0 to 20.</summary>
    public double LoraMargin { get; init; } = 2;

    /// <summary>Errors and restarts a day beyond so many standard deviations of the cohort are too many. 2 to 10.</summary>
    public double CohortSigmas { get; init; } = 3;

    /// <summary>Errors a day that are never too many; where there is no cohort, more are. 1 to 100,000.</summary>
    public double ErrorsPerDay { get; init; } = 20;

    /// <summary>The same for restarts. 1 to 10,000.</summary>
    public double RebootsPerDay { get; init; } = 5;

    /// <summary>Reports left out in a day that are too many. 1 to 100,000.</summary>
    public double GapsPerDay { get; init; } = 20;

    /// <summary>Late arrivals in a day that are too many. 1 to 100,000.</summary>
    public double LatePerDay { get; init; } = 20;

    /// <summary>What arrives so long after it was measured is late. 1 s to 1 d.</summary>
    public TimeSpan LateAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Messages sent again in a day that are too many. 1 to 1,000,000.</summary>
    public double DuplicatesPerDay { get; init; } = 1_000;

    /// <summary>Connections lost in an hour that are too many. 1 to 10,000.</summary>
    public double FlapsPerHour { get; init; } = 6;

    /// <summary>A clock so far off, steadily, is wrong. 1 s to 1 d.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>A measured number that stood still for so long, over <see cref="StuckReadings"/> readings, is stuck. 1 min to 30 d.</summary>
    public TimeSpan StuckAfter { get; init; } = TimeSpan.FromHours(24);

    /// <summary>See <see cref="StuckAfter"/>. 3 to 100,000.</summary>
    public int StuckReadings { get; init; } = 24;

    /// <summary>What a metric's values may be, both ends included.</summary>
    public ImmutableSortedDictionary<string, ValueRange> Ranges { get; init; } = DefaultRanges;

    /// <summary>A score below this makes a device degraded. 1 to 99.</summary>
    public int DegradedBelow { get; init; } = 60;

    /// <summary>A score from this on makes it active again; not below <see cref="DegradedBelow"/>. 1 to 100.</summary>
    public int ActiveFrom { get; init; } = 80;

    /// <summary>How long a score must hold before a device is moved to degraded. 0 to 1 d.</summary>
    public TimeSpan DegradeAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>And back. 0 to 7 d.</summary>
    public TimeSpan RecoverAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What is out of its range, with the field; null when all is well.</summary>
    public Problem? Check() =>
        Between(LowBatteryPercent, 1, 90, "lowBatteryPercent")
        ?? Between(OfflineAfter, TimeSpan.FromSeconds(5), TimeSpan.FromDays(7), "offlineAfter")
        ?? Between(VoltageMarginPercent, 0, 50, "voltageMarginPercent")
        ?? Between(WeakRssi, -150, -50, "weakRssi")
        ?? Between(LoraMargin, 0, 20, "loraMargin")
        ?? Between(CohortSigmas, 2, 10, "cohortSigmas")
        ?? Between(ErrorsPerDay, 1, 100_000, "errorsPerDay")
        ?? Between(RebootsPerDay, 1, 10_000, "rebootsPerDay")
        ?? Between(GapsPerDay, 1, 100_000, "gapsPerDay")
        ?? Between(LatePerDay, 1, 100_000, "latePerDay")
        ?? Between(LateAfter, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1), "lateAfter")
        ?? Between(DuplicatesPerDay, 1, 1_000_000, "duplicatesPerDay")
        ?? Between(FlapsPerHour, 1, 10_000, "flapsPerHour")
        ?? Between(ClockSkew, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1), "clockSkew")
        ?? Between(StuckAfter, TimeSpan.FromMinutes(1), TimeSpan.FromDays(30), "stuckAfter")
        ?? Between(StuckReadings, 3, 100_000, "stuckReadings")
        ?? Between(DegradedBelow, 1, 99, "degradedBelow")
        ?? Between(ActiveFrom, DegradedBelow, 100, "activeFrom")
        ?? Between(DegradeAfter, TimeSpan.Zero, TimeSpan.FromDays(1), "degradeAfter")
        ?? Between(RecoverAfter, TimeSpan.Zero, TimeSpan.FromDays(7), "recoverAfter");

    private static Problem? Between<T>(T value, T least, T most, string field)
        where T : IComparable<T> => value.CompareTo(least) >= 0 && value.CompareTo(most) <= 0 ? null : new Problem(ProblemKind.Invalid, $"{field} is {value}; it takes {least} to {most}.", field);
}

/// <summary>Both ends included.</summary>
public readonly record struct ValueRange(double Least, double Most)
{
    public bool Contains(double value) => value >= Least && value <= Most;
}
