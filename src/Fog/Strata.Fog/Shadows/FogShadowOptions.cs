namespace Strata.Fog.Shadows;

/// <summary>Limits of the shadows at a gateway, beside those of one shadow (<c>shadow.*</c>, as at the cloud).</summary>
internal sealed class FogShadowOptions
{
    /// <summary>Shadows of one tenant that are kept; beyond it a device's first is refused. 1 to 1,000,000, default 30,000.</summary>
    public int MaxShadows { get; init; } = 30_000;

    /// <summary>Requests of devices that wait for their turn; one more is not acknowledged and comes again. 16 to 100,000, default 1,000.</summary>
    public int MaxWaiting { get; init; } = 1_000;

    /// <summary>Changes that one request tells the parent. 1 to 400, and not more than 4 MiB of <c>shadow.maxBytes</c> each; default 100.</summary>
    public int MaxChanges { get; init; } = 100;

    /// <summary>Devices of which one request asks the parent. 1 to 600, default 500; the cloud takes 1,000 with the changes.</summary>
    public int MaxDevices { get; init; } = 500;

    /// <summary>How often it is looked whether there is something to tell or to ask. 50 ms to 1 min, default 250 ms.</summary>
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How often all are compared with the parent's, whatever was said. 10 s to 1 day, default 5 min.</summary>
    public TimeSpan CompareEvery { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long the parent may take to answer. 1 s to 10 min, default 20 s.</summary>
    public TimeSpan AnswerWithin { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Between a request that failed and the next. 100 ms to 10 min, default 5 s.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <exception cref="FogConfigurationException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        FogOptions.Require(MaxShadows is >= 1 and <= 1_000_000, "shadows.maxShadows", "from 1 to 1,000,000");
        FogOptions.Require(MaxWaiting is >= 16 and <= 100_000, "shadows.maxWaiting", "from 16 to 100,000");
        FogOptions.Require(MaxChanges is >= 1 and <= 400, "shadows.maxChanges", "from 1 to 400");
        FogOptions.Require(MaxDevices is >= 1 and <= 600, "shadows.maxDevices", "from 1 to 600");
        FogOptions.Require(LookEvery >= TimeSpan.FromMilliseconds(50) && LookEvery <= TimeSpan.FromMinutes(1), "shadows.lookEvery", "from 50 ms to 1 min");
        FogOptions.Require(CompareEvery >= TimeSpan.FromSeconds(10) && CompareEvery <= TimeSpan.FromDays(1), "shadows.compareEvery", "from 10 s to 1 day");
        FogOptions.Require(AnswerWithin >= TimeSpan.FromSeconds(1) && AnswerWithin <= TimeSpan.FromMinutes(10), "shadows.answerWithin", "from 1 s to 10 min");
        FogOptions.Require(RetryAfter >= TimeSpan.FromMilliseconds(100) && RetryAfter <= TimeSpan.FromMinutes(10), "shadows.retryAfter", "from 100 ms to 10 min");
    }
}
