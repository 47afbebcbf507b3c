namespace Strata.Core.Dataflow;

/// <summary>What becomes of a sample, and why. Stored and shown as this number, so the numbers never change.</summary>
public enum DeadBandReason : byte
{
    /// <summary>Reported: the first of its metric.</summary>
    First = 0,

    /// <summary>Reported: further from the last reported value than the band, or another kind of value.</summary>
    Changed = 1,

    /// <summary>Reported: the position is further away than the band.</summary>
    Moved = 2,

    /// <summary>Reported: nothing was for a heartbeat.</summary>
    Heartbeat = 3,

    /// <summary>Reported: older than the last report, so nothing can be said about it.</summary>
    OutOfOrder = 4,

    /// <summary>Reported: more metrics than are remembered.</summary>
    Untracked = 5,

    /// <summary>Suppressed: within the band around the last reported value.</summary>
    WithinBand = 16,

    /// <summary>Suppressed: the boolean, the text or the number is the one last reported.</summary>
    Unchanged = 17,

    /// <summary>Suppressed: the position is within its band around the last reported one.</summary>
    SamePlace = 18,
}

/// <summary>A decision about one sample.</summary>
/// <param name="SuppressedBefore">When reported: samples of this metric suppressed since its last report. Else: so far, this one counted.</param>
public readonly record struct DeadBandDecision(DeadBandReason Reason, long SuppressedBefore)
{
    public bool IsReported => Reason < DeadBandReason.WithinBand;
}

/// <summary>What was last reported of one metric. Plain values: an agent stores them beside its position.</summary>
/// <param name="Time">Event time, microseconds.</param>
/// <param name="Kind">As <see cref="Telemetry.ReadingKind"/>.</param>
/// <param name="Suppressed">Samples suppressed since.</param>
public sealed record DeadBandReport(string Metric, long Time, Telemetry.ReadingKind Kind, double Number, string? Text, long Suppressed);
