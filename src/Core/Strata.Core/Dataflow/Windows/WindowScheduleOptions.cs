namespace Strata.Core.Dataflow;

/// <summary>How patient a group's windows are.</summary>
public sealed record WindowScheduleOptions
{
    /// <summary>
    /// How far behind the watermark, in event time, a window may end and still be issued (again) for a late reading. Later ones are counted and
    /// stay out of the windows; they are stored raw all the same. 0 to 30 days; default 24 hours.
    /// </summary>
    public TimeSpan Lateness { get; init; } = TimeSpan.FromHours(24);

    /// <summary>
    /// A device whose time lies further behind the group's leader than this, in event time, does not hold the windows of the others back: its
    /// clock may be wrong. Its readings count as late ones. 1 minute to 30 days; default 6 hours.
    /// </summary>
    public TimeSpan MaxLag { get; init; } = TimeSpan.FromHours(6);

    /// <summary>The properties that are out of their range, one sentence each; empty when all are well.</summary>
    public IEnumerable<string> Validate()
    {
        if (Lateness < TimeSpan.Zero || Lateness > TimeSpan.FromDays(30))
            yield return $"{nameof(Lateness)} is {Lateness}; it must be 0 to 30 days.";
        if (MaxLag < TimeSpan.FromMinutes(1) || MaxLag > TimeSpan.FromDays(30))
            yield return $"{nameof(MaxLag)} is {MaxLag}; it must be 1 minute to 30 days.";
    }
}

/// <summary>A window that is to be computed and issued now.</summary>
/// <param name="Start">Microseconds.</param>
/// <param name="Revision">0 the first time, then one more each time.</param>
public readonly record struct DueWindow(long Start, int Revision);

/// <summary>What a reading means for the windows.</summary>
public enum HeardResult : byte
{
    /// <summary>Its window is still open.</summary>
    OnTime,

    /// <summary>Its window was closed; it is due again.</summary>
    Late,

    /// <summary>Its window lies beyond the lateness and stays as it is.</summary>
    TooLate,

    /// <summary>The device is not a member of the group.</summary>
    NotMember,
}

/// <summary>A schedule's memory as plain values, to be stored in the transaction that stores the windows it said were due.</summary>
/// <param name="Watermark">Microseconds; <see cref="long.MinValue"/> before the first reading.</param>
/// <param name="Devices">Highest event time and wall-clock time last heard, per device.</param>
/// <param name="Pending">Windows with something in them that are not issued, as closed intervals of window numbers.</param>
/// <param name="Issued">Number and revision of the windows that a late reading could still change.</param>
public sealed record WindowScheduleState(
    long Watermark, long TooLate, IReadOnlyList<DeviceProgress> Devices, IReadOnlyList<WindowInterval> Pending, IReadOnlyList<IssuedWindow> Issued);

/// <summary>How far one device has come.</summary>
public readonly record struct DeviceProgress(string Device, long HighestTime, long HeardAt);

/// <summary>Neighbouring windows, both ends included; a window's number is its start divided by the length.</summary>
public readonly record struct WindowInterval(long First, long Last);

/// <summary>A window that was issued.</summary>
public readonly record struct IssuedWindow(long Number, int Revision);
