using Strata.Core.Updates.Gate;

namespace Strata.Core.Updates.Rollouts;

/// <summary>A rollout without its devices: all that must be kept of it to go on after a restart.</summary>
public sealed record RolloutHead
{
    public required RolloutPlan Plan { get; init; }

    public RolloutState State { get; init; }

    /// <summary>The ring under way, from 0.</summary>
    public int Ring { get; init; }

    /// <summary>When the ring began.</summary>
    public DateTimeOffset RingBegan { get; init; }

    /// <summary>Since when the ring waits for its devices: since it began, or those that failed are given it again. Null in one that was kept without it.</summary>
    public DateTimeOffset? Waits { get; init; }

    internal DateTimeOffset WaitsSince => Waits ?? RingBegan;

    /// <summary>Since when it is watched; null before.</summary>
    public DateTimeOffset? SoakBegan { get; init; }

    /// <summary>What it goes on with when it is resumed.</summary>
    public RolloutState? PausedFrom { get; init; }

    public DateTimeOffset? PausedAt { get; init; }

    public DateTimeOffset? Started { get; init; }

    public DateTimeOffset? Ended { get; init; }

    public string? ApprovedBy { get; init; }

    public DateTimeOffset? Approved { get; init; }

    /// <summary>Why it stands where it stands.</summary>
    public string? Why { get; init; }

    /// <summary>The rollout that takes its devices back.</summary>
    public string? Rollback { get; init; }

    /// <summary>The last decision of each ring that was begun.</summary>
    public IReadOnlyList<GateDecision> Decisions { get; init; } = [];

    /// <summary>The health rule of the ring under way.</summary>
    public IReadOnlyList<MetricState>? Health { get; init; }

    /// <summary>When health was looked at last.</summary>
    public DateTimeOffset? Looked { get; init; }

    /// <summary>Devices of the control that fell silent, and days that they were watched for.</summary>
    public double ControlSilent { get; init; }

    public double ControlDays { get; init; }

    /// <summary>Of a configuration: its layer says it to everybody, or nobody has it any more.</summary>
    public bool IsSettled { get; init; }
}
