using Strata.Core.Devices;
using Strata.Core.Updates.Gate;
using Strata.Core.Updates.Rings;

namespace Strata.Core.Updates.Rollouts;

/// <summary>A device as it comes into a rollout.</summary>
/// <param name="Interval">How long it may be silent and be well.</param>
/// <param name="From">The version that it runs; null when nobody knows.</param>
/// <param name="Artifact">What it is given in place of the rollout's artifact: a rollback takes each device to where it was.</param>
/// <param name="Version">Of that artifact.</param>
public sealed record RolloutCandidate(RolloutTarget Target, TimeSpan Interval, string? From, string? Artifact = null, string? Version = null);

/// <summary>A device of a rollout. Changed by its rollout only.</summary>
public sealed class RolloutMember(RolloutCandidate candidate, int ring)
{
    /// <summary>What it ran before becomes known by its own word, where nobody knew.</summary>
    public RolloutCandidate Candidate { get; internal set; } = candidate;

    public DeviceId Id => Candidate.Target.Id;

    /// <summary>From 0.</summary>
    public int Ring { get; } = ring;

    public MemberState State { get; internal set; }

    public DateTimeOffset Since { get; internal set; }

    /// <summary>From 1; 0 before the first offer.</summary>
    public int Attempt { get; internal set; }

    /// <summary>When it was offered last.</summary>
    public DateTimeOffset Offered { get; internal set; }

    /// <summary>Until when it must be heard.</summary>
    public DateTimeOffset Due { get; internal set; }

    /// <summary>Of <see cref="Due"/> what was taken to be written.</summary>
    internal DateTimeOffset KeptDue { get; set; }

    public string? Reason { get; internal set; }

    /// <summary>Of <see cref="Reason"/> what was taken to be written.</summary>
    internal string? KeptReason { get; set; }

    /// <summary>Whether it is among those whose reason is to be kept.</summary>
    internal bool HasNews { get; set; }

    /// <summary>What it says that it runs.</summary>
    public string? Runs { get; internal set; }

    /// <summary>0 to 1 of what it does just now.</summary>
    public double Progress { get; internal set; }

    /// <summary>The metrics by which it fell ill since the rollout began, one bit each.</summary>
    public int Ill { get; internal set; }

    /// <summary>How it was when it began to be compared; null before.</summary>
    public HealthSigns? Before { get; internal set; }

    /// <summary>What the rollout's owner keeps beside it; nothing to the rollout.</summary>
    public object? Beside { get; set; }
}

/// <summary>What is kept of a device of a rollout.</summary>
public sealed record KeptMember(
    RolloutCandidate Candidate, int Ring, MemberState State, DateTimeOffset Since, int Attempt, DateTimeOffset Offered, DateTimeOffset Due, string? Reason, string? Runs, int Ill, HealthSigns? Before)
{
    public static KeptMember Of(RolloutMember m) => new(m.Candidate, m.Ring, m.State, m.Since, m.Attempt, m.Offered, m.Due, m.Reason, m.Runs, m.Ill, m.State == MemberState.Waiting ? null : m.Before);

    internal RolloutMember Restore() => new(Candidate, Ring) { State = State, Since = Since, Attempt = Attempt, Offered = Offered, Due = Due, KeptDue = Due, Reason = Reason, KeptReason = Reason, Runs = Runs, Ill = Ill, Before = Before };
}

/// <summary>How a device of a rollout is at a look.</summary>
/// <param name="Reachable">It was heard lately, so that it can be updated.</param>
public readonly record struct MemberEvidence(HealthSigns Signs, bool Reachable);
