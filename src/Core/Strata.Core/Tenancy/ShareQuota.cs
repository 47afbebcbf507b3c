namespace Strata.Core.Tenancy;

/// <summary>What the applications of a share may take together.</summary>
/// <param name="CallsPerMinute">Requests to the API, evenly and as a burst; what is beyond is answered with 429.</param>
/// <param name="ReadingsPerSecond">Readings on live topics and streams, evenly and as a burst; what is beyond is left out and counted. It stays to be read by a request.</param>
public sealed record ShareQuota(int CallsPerMinute, int ReadingsPerSecond)
{
    public const int MaxCallsPerMinute = 1_000_000;

    public const int MaxReadingsPerSecond = 1_000_000;

    public static readonly ShareQuota Usual = new(600, 1_000);

    public bool IsValid => CallsPerMinute is >= 1 and <= MaxCallsPerMinute && ReadingsPerSecond is >= 1 and <= MaxReadingsPerSecond;
}
