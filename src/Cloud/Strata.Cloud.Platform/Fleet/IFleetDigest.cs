using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Fleet;

/// <summary>The fleet in a few lines, for whoever sends it to people. Reads what is in memory; safe from any thread.</summary>
public interface IFleetDigest
{
    /// <summary>The digest of what lies within the reach; null when no device does.</summary>
    FleetDigest? Make(TenantId tenant, Reach reach);
}

/// <param name="Summary">The counts in one sentence.</param>
/// <param name="Lines">What is wrong, the worst first; at most twenty.</param>
public sealed record FleetDigest(string Summary, IReadOnlyList<string> Lines);
