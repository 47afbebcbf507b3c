using System.Globalization;
using Strata.Core.Control;

namespace Strata.Edge.Sources;

/// <summary>Which source an agent reads. One of the records below.</summary>
public abstract record SourceOptions
{
    private protected SourceOptions()
    {
    }

    internal abstract IEnumerable<string> Validate();

    private protected static IEnumerable<string> CheckInterval(TimeSpan interval) =>
        interval < TimeSpan.FromMilliseconds(100) || interval > TimeSpan.FromDays(1) ? [$"The interval is {interval}; it must be 100 ms to 1 day."] : [];
}

/// <summary>Rows of a CSV file, at their own pace or faster.</summary>
/// <param name="File">A CSV file with a header. Rows may have one more column than the header: the first is then a row number without a name.</param>
public sealed record ReplayOptions(string File) : SourceOptions
{
    /// <summary>Which column gives which metric. Empty (the default): every column but the time, under its name with a small first letter (<c>CO2</c>: <c>co2</c>).</summary>
    public IReadOnlyList<ColumnMapping> Map { get; init; } = [];

    /// <summary>The column that holds the time. Null (the default): the first named ts, time, timestamp, date or datetime.</summary>
    public string? TimeColumn { get; init; }

    /// <summary>
    /// A .NET format, or <c>ms</c> or <c>s</c> since the epoch. Null (the default): ISO 8601 with a blank or a T, without a zone UTC; digits alone are ms.
    /// </summary>
    public string? TimeFormat { get; init; }

    /// <summary>How many times faster than in the file. Above 0; default 1; infinity: without waiting.</summary>
    public double Speed { get; init; } = 1;

    /// <summary>Null (the default): the times of the file. Otherwise the times are shifted so that the last row lands at this moment.</summary>
    public ShiftEnd? ShiftEnd { get; init; }

    /// <summary>Where in the file the replay starts; it wraps round at the end, so that every row is replayed once. Default: its first row.</summary>
    public ReplayOffset Offset { get; init; }

    /// <summary>Whether the agent ends when the last row is acknowledged. Default false: it stays connected.</summary>
    public bool ExitAtEnd { get; init; }

    internal override IEnumerable<string> Validate()
    {
        if (!(Speed > 0))
            yield return $"The speed is {Speed}; it must be above 0.";
        if (Speed < 1 && ShiftEnd is not null)
            yield return "A shifted replay needs a speed of 1 or more: at a slower one its readings would lie in the future.";
    }
}

/// <summary>At which moment the last row of a shifted replay lands: a given one, or (null) when the replay itself ends.</summary>
public sealed record ShiftEnd(DateTimeOffset? At);

/// <summary>A place in a file: a part of it, from 0 up to but not including 1, or a time span from its first row.</summary>
public readonly record struct ReplayOffset(double Part, TimeSpan Span)
{
    /// <summary>Parses <c>25%</c> or a span (<c>36h</c>, <c>90m</c>, <c>1.12:00:00</c>).</summary>
    /// <exception cref="FormatException">It is neither.</exception>
    public static ReplayOffset Parse(string text)
    {
        if (!text.EndsWith('%'))
            return new(0, Duration.Parse(text));
        return double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var percent) && percent is >= 0 and < 100
            ? new(percent / 100, TimeSpan.Zero)
            : throw new FormatException($"'{text}' is not a part of a file; write for example 25% (0 up to but not including 100) or 36h.");
    }
}

/// <summary>This machine's own CPU, memory, temperature, disk and network, from /proc and /sys.</summary>
public sealed record HostOptions : SourceOptions
{
    /// <summary>Time between two samples. 100 ms to 1 day; default 10 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    internal override IEnumerable<string> Validate() => CheckInterval(Interval);
}

/// <summary>JSON lines, each one telemetry payload. The agent ends when the input ended and all is acknowledged.</summary>
/// <param name="Input">Read to its end; the caller closes it.</param>
public sealed record StdinOptions(Stream Input) : SourceOptions
{
    internal override IEnumerable<string> Validate() => [];
}

/// <summary>A simulated room that the control loop heats; its temperature and the heater's output are the metrics <c>temperature</c> and <c>heater</c>.</summary>
public sealed record RoomOptions : SourceOptions
{
    /// <summary>Time between two samples, by this machine's clock. 100 ms to 1 day; default 10 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many times faster than the clock the room's time runs. Above 0 up to 1,000; default 60: a minute a second.</summary>
    public double Speed { get; init; } = 60;

    /// <summary>The temperature outside, degC; default 5.</summary>
    public double Outside { get; init; } = 5;

    public ThermalRoomSettings Room { get; init; } = new() { Noise = 0.02 };

    internal override IEnumerable<string> Validate()
    {
        if (!(Speed > 0 && Speed <= 1000))
            yield return $"The room's speed is {Speed}; it must be above 0 and at most 1,000.";
        if (!double.IsFinite(Outside))
            yield return "The temperature outside must be a finite number.";
        foreach (var wrong in CheckInterval(Interval))
            yield return wrong;
    }
}
