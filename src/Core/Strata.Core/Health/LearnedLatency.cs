using System.Runtime.CompilerServices;

namespace Strata.Core.Health;

/// <summary>
/// How long what a device says is on its way, from the time that it names to its arrival: the median of the last seven. So what comes late once, or was held back by an outage, does not make a slow device, and one that has become
/// slow is known as such after four. What its clock is wrong by is in it, ahead as a negative: it is compared with nobody but the device itself. 36 bytes. A value: its owner keeps it.
/// </summary>
public struct LearnedLatency
{
    /// <summary>Arrivals that are remembered.</summary>
    public const int Remembered = 7;

    /// <summary>Below this many nothing is known.</summary>
    public const int Needed = 4;

    /// <summary>Longer counts as this: a clock that is off by years is no latency.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    private Lags lags;
    private byte count;
    private byte next;

    /// <summary>Milliseconds; not a number while too little is known.</summary>
    public readonly float Milliseconds
    {
        get
        {
            if (count < Needed)
                return float.NaN;
            Span<float> sorted = stackalloc float[count];
            ((ReadOnlySpan<float>)lags)[..count].CopyTo(sorted);
            sorted.Sort();
            return sorted[(count - 1) / 2];
        }
    }

    /// <summary>The remembered ones in milliseconds, the oldest first: what is kept over a restart.</summary>
    public readonly float[] Kept
    {
        get
        {
            var kept = new float[count];
            for (var i = 0; i < count; i++)
                kept[i] = lags[(next - count + i + Remembered) % Remembered];
            return kept;
        }
    }

    /// <summary>Notes an arrival.</summary>
    public void Learn(TimeSpan lag)
    {
        lags[next] = (float)Math.Round(Math.Clamp(lag.TotalMilliseconds, -Longest.TotalMilliseconds, Longest.TotalMilliseconds));
        next = (byte)((next + 1) % Remembered);
        count = (byte)Math.Min(count + 1, Remembered);
    }

    [InlineArray(Remembered)]
    private struct Lags
    {
        private float first;
    }
}
