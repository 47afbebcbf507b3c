namespace Strata.Cloud.Operations;

/// <summary>How the statistics are read.</summary>
public sealed class StatisticsOptions
{
    /// <summary>How long an answer stands before the tiers are asked anew. 0 to 1 min, default 500 ms.</summary>
    public TimeSpan Freshness { get; set; } = TimeSpan.FromMilliseconds(500);
}
