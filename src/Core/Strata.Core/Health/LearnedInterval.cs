namespace Strata.Core.Health;

/// <summary>
/// How often a device reports, learned from when it was heard: of its last sixteen gaps the one that nine in ten do not exceed. So one outage does not make it a slow device, and
/// one that has become slow is known as such after two gaps. Not safe for use by two threads at once.
/// </summary>
public sealed class LearnedInterval
{
    /// <summary>Gaps that are remembered.</summary>
    public const int Remembered = 16;

    /// <summary>Below this many gaps nothing is known.</summary>
    public const int Needed = 3;

    /// <summary>A longer gap teaches nothing: the device was away, and nobody reports as seldom.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    private readonly float[] seconds = new float[Remembered];
    private int next;

    /// <summary>Gaps known.</summary>
    public int Count { get; private set; }

    /// <summary>The interval; null while too little is known.</summary>
    public TimeSpan? Interval { get; private set; }

    /// <summary>Notes the time between two hearings.</summary>
    public void Learn(TimeSpan gap)
    {
        if (gap <= TimeSpan.Zero || gap > Longest)
            return;
        seconds[next] = (float)gap.TotalSeconds;
        next = (next + 1) % Remembered;
        Count = Math.Min(Count + 1, Remembered);
        Reckon();
    }

    /// <summary>The remembered gaps in seconds, the oldest first: what is kept over a restart.</summary>
    public float[] Gaps
    {
        get
        {
            var gaps = new float[Count];
            for (var i = 0; i < Count; i++)
                gaps[i] = seconds[(next - Count + i + Remembered) % Remembered];
            return gaps;
        }
    }

    /// <summary>How many reports a gap left out; 0 while too little is known. Half an interval more than one is no gap: clocks and radios jitter.</summary>
    public int Missed(TimeSpan gap) => Interval is { } usual && gap > usual * 1.5 ? (int)Math.Min(Math.Round(gap / usual) - 1, 10_000) : 0;

    private void Reckon()
    {
        if (Count < Needed)
        {
            Interval = null;
            return;
        }
        Span<float> sorted = stackalloc float[Count];
        seconds.AsSpan(0, Count).CopyTo(sorted);
        sorted.Sort();
        // The nearest rank: of sixteen the fifteenth, of fewer than eleven the last but one, so that one outage is never the measure.
        var rank = Math.Min((int)Math.Ceiling(0.9 * Count), Count - 1);
        Interval = TimeSpan.FromSeconds(sorted[Math.Max(0, rank - 1)]);
    }
}
