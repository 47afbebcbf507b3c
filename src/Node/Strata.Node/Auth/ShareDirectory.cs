using System.Collections.Concurrent;
using Strata.Core.Metering;
using Strata.Core.Tenancy;

namespace Strata.Node.Auth;

/// <summary>
/// The shares that this node serves, in memory: filled by their owner (the cloud's registry). Any number of readers at once. A share that is given anew begins with
/// full quotas.
/// </summary>
public sealed class ShareDirectory(TimeProvider time)
{
    private readonly ConcurrentDictionary<(TenantId Tenant, string Name), SharedFeed> feeds = new();
    private readonly ConcurrentDictionary<TenantId, SharedFeed[]> byTenant = new();

    /// <summary>In order of their names.</summary>
    internal IReadOnlyList<SharedFeed> Of(TenantId tenant) => byTenant.GetValueOrDefault(tenant) ?? [];

    internal SharedFeed? Find(TenantId tenant, string name) => feeds.GetValueOrDefault((tenant, name));

    /// <summary>Readings that were left out of the share's topics and streams since the start because its quota was used up.</summary>
    public long LeftOut(TenantId tenant, string name) => Find(tenant, name)?.LeftOut ?? 0;

    /// <summary>Adds or replaces a share.</summary>
    public void Set(TenantId tenant, Share share, ShareQuota quota)
    {
        feeds[(tenant, share.Name)] = new SharedFeed(tenant, share, quota, time);
        Collect(tenant);
    }

    public void Remove(TenantId tenant, string name)
    {
        feeds.TryRemove((tenant, name), out _);
        Collect(tenant);
    }

    private void Collect(TenantId tenant) =>
        byTenant[tenant] = [.. feeds.Where(f => f.Key.Tenant == tenant).OrderBy(f => f.Key.Name, StringComparer.Ordinal).Select(f => f.Value)];
}

/// <summary>A share as it is served: who reads by it, and what of its quotas is left.</summary>
internal sealed class SharedFeed(TenantId tenant, Share share, ShareQuota quota, TimeProvider time)
{
    private readonly TokenBucket calls = new(quota.CallsPerMinute / 60.0, Math.Max(1, quota.CallsPerMinute));
    private readonly TokenBucket readings = new(quota.ReadingsPerSecond, Math.Max(1, quota.ReadingsPerSecond));
    private long leftOut;

    public Share Share => share;

    public ShareQuota Quota => quota;

    /// <summary>Sees what the share's applications see.</summary>
    public Principal Principal { get; } = new(tenant, share.Name, share.Name, share);

    public long LeftOut => Interlocked.Read(ref leftOut);

    /// <summary>What its topics begin with.</summary>
    public string TopicRoot { get; } = $"shared/{share.Name}/";

    /// <returns>Zero when the call may be answered; otherwise how long until it may.</returns>
    public TimeSpan TryCall() => calls.TryTake(1, time.GetUtcNow());

    /// <summary>Whether so many readings may be sent now; those that may not are counted.</summary>
    public bool TrySend(int count)
    {
        if (readings.TryTake(Math.Min(count, readings.Burst), time.GetUtcNow()) == TimeSpan.Zero)
            return true;
        Interlocked.Add(ref leftOut, count);
        return false;
    }
}
