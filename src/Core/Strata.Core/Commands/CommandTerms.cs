namespace Strata.Core.Commands;

/// <summary>What was agreed for a command when it was given.</summary>
/// <param name="Expires">Until when it may be said to the device for the first time.</param>
/// <param name="AnswerWithin">How long the device's next word is awaited after the last thing that happened.</param>
/// <param name="Attempts">How often it is said at most over one connection until the device acknowledges it.</param>
/// <param name="RetryAfter">How long its acknowledgement is awaited before it is said again; twice as long after each time.</param>
/// <param name="Priority">0 to 9: of what waits for a device the highest goes first, then the oldest.</param>
public sealed record CommandTerms(DateTimeOffset Expires, TimeSpan AnswerWithin, int Attempts, TimeSpan RetryAfter, int Priority)
{
    /// <summary>Longest pause between two attempts.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>However often the device says that it is at it, longer than this after it first had the command nobody waits.</summary>
    public static readonly TimeSpan LongestRun = TimeSpan.FromDays(1);

    /// <summary>Somebody waits for it: it is said at once, before all that is queued, and ends with <see cref="Expires"/> whatever comes.</summary>
    public bool IsDirect { get; init; }

    /// <summary>The pause before the next attempt.</summary>
    /// <param name="made">Attempts that were made; 1 or more.</param>
    public TimeSpan PauseAfter(int made)
    {
        var pause = RetryAfter * Math.Pow(2, Math.Min(made - 1, 16));
        return pause < LongestPause ? pause : RetryAfter > LongestPause ? RetryAfter : LongestPause;
    }
}
