namespace Strata.Edge.Delivery;

/// <summary>Waits that grow while nobody answers, with chance in them so that a fleet does not come at once.</summary>
internal static class BackOff
{
    public static TimeSpan After(int round, DeliveryOptions options)
    {
        var whole = Math.Min(options.LongestBackOff.TotalMilliseconds, options.ShortestBackOff.TotalMilliseconds * Math.Pow(2, Math.Min(round, 20)));
        return TimeSpan.FromMilliseconds(whole * (0.5 + (Random.Shared.NextDouble() / 2)));
    }
}
