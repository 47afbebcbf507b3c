using Strata.Core.Updates.Gate;
using Strata.Core.Updates.Rings;

namespace Strata.Core.Updates.Rollouts;

/// <summary>What is rolled out, to whom, how. Does not change once it is drafted.</summary>
public sealed record RolloutPlan
{
    public const int MaxReason = 500;

    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>The artifact's id; of a rollback the one that is taken back. Of a configuration its layer.</summary>
    public required string Artifact { get; init; }

    /// <summary>What is rolled out in place of an artifact; null for an artifact.</summary>
    public LayerChange? Configuration { get; init; }

    public required string Component { get; init; }

    public required string Version { get; init; }

    /// <summary>The question by which its devices are found, as in a list of devices; those that match later join. Of a rollback: none.</summary>
    public string? Query { get; init; }

    public UpdateMode Mode { get; init; } = UpdateMode.Soft;

    public RingPlan Rings { get; init; } = RingPlan.Usual();

    public GatePolicy Gate { get; init; } = new();

    public RolloutPace Pace { get; init; } = new();

    /// <summary>Somebody else than who made it must say yes.</summary>
    public bool NeedsApproval { get; init; } = true;

    /// <summary>Only within the maintenance windows of a device's place.</summary>
    public bool InWindows { get; init; }

    /// <summary>When the gate stops it, a rollout that takes its devices back is made and started, once.</summary>
    public bool RollBackOnAbort { get; init; }

    /// <summary>The rollout whose devices this one takes back.</summary>
    public string? RollbackOf { get; init; }

    /// <summary>Of a rollback: its first ring is of the devices that were hurt. They may be silent for good, so that nobody waits for them and none of their failures stops it.</summary>
    public bool HurtFirst { get; init; }

    /// <summary>Time in which a device has to pass its own check after it started the new version. 10 s to 1 d; 5 min unless given.</summary>
    public TimeSpan ConfirmWithin { get; init; } = TimeSpan.FromMinutes(5);

    public Problem? Refuse()
    {
        if (Name.Length is 0 or > 200)
            return new Problem(ProblemKind.Invalid, "A rollout's name has 1 to 200 characters.", "name");
        if (ConfirmWithin < TimeSpan.FromSeconds(10) || ConfirmWithin > TimeSpan.FromDays(1))
            return new Problem(ProblemKind.Invalid, "A device has 10 s to 1 d to confirm.", "confirmWithin");
        if (Configuration is not null && Mode == UpdateMode.DownloadOnly)
            return new Problem(ProblemKind.Invalid, "A configuration is not downloaded: its mode is soft or forced.", "mode");
        return Rings.Refuse() ?? Gate.Refuse() ?? Pace.Refuse();
    }
}

/// <summary>How many at a time.</summary>
/// <param name="InFlight">Devices between offer and outcome. 1 to 1,000,000; 2,000 unless given.</param>
/// <param name="PerMinute">Offers in a minute. 1 to 1,000,000; 1,000 unless given.</param>
/// <param name="PerGateway">Devices between offer and outcome behind one gateway. 1 to 100,000; 50 unless given.</param>
public sealed record RolloutPace(int InFlight = 2_000, int PerMinute = 1_000, int PerGateway = 50)
{
    public Problem? Refuse()
    {
        if (InFlight is < 1 or > 1_000_000)
            return new Problem(ProblemKind.Invalid, "Of a rollout 1 to 1,000,000 devices are in flight.", "pace.inFlight");
        if (PerMinute is < 1 or > 1_000_000)
            return new Problem(ProblemKind.Invalid, "A rollout offers to 1 to 1,000,000 devices a minute.", "pace.perMinute");
        return PerGateway is < 1 or > 100_000 ? new Problem(ProblemKind.Invalid, "Behind a gateway 1 to 100,000 devices are in flight.", "pace.perGateway") : null;
    }
}
