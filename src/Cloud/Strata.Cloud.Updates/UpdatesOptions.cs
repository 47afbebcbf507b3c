namespace Strata.Cloud.Updates;

/// <summary>Limits and intervals of rollouts. What stops one is each rollout's own, see <see cref="Core.Updates.Gate.GatePolicy"/>.</summary>
public sealed class UpdatesOptions
{
    /// <summary>How often rollouts are looked at: the gate decides, devices are told of their jobs. 100 ms to 10 min; 10 s unless given.</summary>
    public TimeSpan LookInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a rollout's query is asked again for devices that joined or left. 1 s to 1 h; 1 min unless given.</summary>
    public TimeSpan FollowInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Rollouts of one tenant, old ones too; over them none is drafted until some are deleted, and over twice as many none is taken back. 1 to 1,000; 200 unless given.</summary>
    public int MaxRollouts { get; set; } = 200;

    /// <summary>Devices of one rollout. 1 to 1,000,000; 200,000 unless given.</summary>
    public int MaxTargets { get; set; } = 200_000;

    /// <summary>Devices that are told in one look that there is a job for them; others find it when they ask. 0 to 100,000; 500 unless given.</summary>
    public int MaxTold { get; set; } = 500;

    /// <summary>Longest reason that a device gives, characters; the rest is cut off. 10 to 10,000; 500 unless given.</summary>
    public int MaxReason { get; set; } = 500;

    /// <summary>Components of which a device may say that it has them. 1 to 64; 32 unless given.</summary>
    public int MaxComponents { get; set; } = 32;

    /// <summary>Versions of a component that are remembered of a device, the newest. 2 to 1,000; 50 unless given.</summary>
    public int MaxSoftwareKept { get; set; } = 50;

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Check(LookInterval >= TimeSpan.FromMilliseconds(100) && LookInterval <= TimeSpan.FromMinutes(10), nameof(LookInterval), "100 ms to 10 min");
        Check(FollowInterval >= TimeSpan.FromSeconds(1) && FollowInterval <= TimeSpan.FromHours(1), nameof(FollowInterval), "1 s to 1 h");
        Check(MaxRollouts is >= 1 and <= 1_000, nameof(MaxRollouts), "1 to 1,000");
        Check(MaxTargets is >= 1 and <= 1_000_000, nameof(MaxTargets), "1 to 1,000,000");
        Check(MaxTold is >= 0 and <= 100_000, nameof(MaxTold), "0 to 100,000");
        Check(MaxComponents is >= 1 and <= 64, nameof(MaxComponents), "1 to 64");
        Check(MaxSoftwareKept is >= 2 and <= 1_000, nameof(MaxSoftwareKept), "2 to 1,000");
        Check(MaxReason is >= 10 and <= 10_000, nameof(MaxReason), "10 to 10,000");
    }

    private static void Check(bool holds, string name, string range)
    {
        if (!holds)
            throw new ArgumentException($"{name} must be {range}.");
    }
}
