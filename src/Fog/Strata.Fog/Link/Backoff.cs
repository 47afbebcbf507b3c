namespace Strata.Fog.Link;

/// <summary>Waits between attempts that fail: doubling, bounded, with jitter so that many gateways do not come back at the same moment.</summary>
internal sealed class Backoff(TimeSpan first, TimeSpan longest)
{
    private int failures;

    /// <summary>The next wait: between half and the whole of the doubled time.</summary>
    /// <param name="atLeast">What the peer asked for.</param>
    public TimeSpan Next(TimeSpan atLeast = default)
    {
        var whole = Math.Min(longest.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, Math.Min(failures++, 30)));
        var jittered = whole * (0.5 + (Random.Shared.NextDouble() / 2));
        return TimeSpan.FromMilliseconds(Math.Max(jittered, Math.Min(atLeast.TotalMilliseconds, 60_000)));
    }

    public void Reset() => failures = 0;
}
