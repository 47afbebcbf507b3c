namespace Strata.Core.Updates.Rollouts;

/// <summary>Where a rollout stands.</summary>
public enum RolloutState
{
    Drafted,

    /// <summary>It shall start, and somebody else than who made it must say yes.</summary>
    WaitingForApproval,

    /// <summary>A ring's devices are given the update.</summary>
    Running,

    /// <summary>A ring is watched.</summary>
    Soaking,

    /// <summary>Nobody new is given the update; what has begun goes on, and the gate still looks.</summary>
    Paused,

    /// <summary>Over, before its end. Nobody is given the update any more.</summary>
    Aborted,

    /// <summary>A rollout that takes its devices back is under way.</summary>
    RollingBack,

    Done,
}

/// <summary>Where a device of a rollout stands.</summary>
public enum MemberState
{
    Waiting,
    Offered,
    Downloading,
    Installing,

    /// <summary>It has started the new version and checks itself.</summary>
    Trial,

    Succeeded,

    /// <summary>It said so.</summary>
    Failed,

    /// <summary>It has gone back to what it ran before.</summary>
    RolledBack,

    /// <summary>It was not heard in time. It may still be.</summary>
    Unconfirmed,
}

/// <summary>How a device takes an update.</summary>
public enum UpdateMode
{
    /// <summary>When it suits the device; it has a day at least.</summary>
    Soft,

    /// <summary>Now, whatever the device does, and outside of maintenance windows too.</summary>
    Forced,

    /// <summary>It is fetched and not installed.</summary>
    DownloadOnly,
}

public static class RolloutNames
{
    private static readonly string[] Modes = ["soft", "forced", "downloadOnly"];

    public static string NameOf(RolloutState state) => Camel(state.ToString());

    /// <summary>For sentences: the rollout <c>is paused</c>, <c>waits for approval</c>.</summary>
    public static string SaidOf(RolloutState state) => state switch
    {
        RolloutState.WaitingForApproval => "waits for approval",
        RolloutState.Soaking => "is watching a ring",
        RolloutState.RollingBack => "is being rolled back",
        _ => $"is {NameOf(state)}",
    };

    public static string NameOf(MemberState state) => Camel(state.ToString());

    public static string NameOf(UpdateMode mode) => Modes[(int)mode];

    public static UpdateMode? ModeOf(string? text) => Array.IndexOf(Modes, text) is >= 0 and var index ? (UpdateMode)index : null;

    /// <summary>What a device may say of itself; null for anything else.</summary>
    public static MemberState? ReportOf(string? text) => text switch
    {
        "downloading" => MemberState.Downloading,
        "installing" => MemberState.Installing,
        "trial" => MemberState.Trial,
        "succeeded" => MemberState.Succeeded,
        "failed" => MemberState.Failed,
        "rolledBack" => MemberState.RolledBack,
        _ => null,
    };

    public static bool IsInFlight(this MemberState state) => state is MemberState.Offered or MemberState.Downloading or MemberState.Installing or MemberState.Trial;

    public static bool IsFailure(this MemberState state) => state is MemberState.Failed or MemberState.RolledBack or MemberState.Unconfirmed;

    public static bool IsOver(this RolloutState state) => state is RolloutState.Aborted or RolloutState.Done;

    private static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];
}
