using Strata.Core.Metering;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.Transfer;

/// <summary>A store out of which a tenant can be taken whole, and into which one can be brought, whichever kind the other store is.</summary>
public interface ITransferStore : ITelemetryStore
{
    /// <summary>Makes the store ready.</summary>
    /// <exception cref="TelemetryStoreException">It cannot be opened; the message says why.</exception>
    Task OpenAsync(CancellationToken cancellationToken);

    /// <summary>The last commit that may have something of the tenant.</summary>
    ValueTask<long> LastCommitAsync(TenantId tenant, CancellationToken cancellationToken);

    /// <summary>When the commits of (after, upTo] arrived, in commit order, microseconds: a commit arrived at the time of the last entry that is not after it, to the minute or to the day.</summary>
    ValueTask<IReadOnlyList<CommitTime>> ArrivalsAsync(TenantId tenant, long after, long upTo, CancellationToken cancellationToken);

    /// <summary>
    /// Sets what a store keeps of a tenant beside the rows, after all of them were brought: what was seen, what was metered, what was ever stored. Replaces what bringing the rows has counted.
    /// </summary>
    Task BringAsync(TenantId tenant, TenantRest rest, CancellationToken cancellationToken);

    /// <summary>Removes everything of a tenant, in slices between commits. Nothing of it may be written any more. Returns rows of readings removed.</summary>
    Task<long> RemoveAsync(TenantId tenant, CancellationToken cancellationToken);

    /// <summary>Lets retention wait while a tenant is read, or go on.</summary>
    void HoldRetention(bool hold);
}

/// <param name="Commit">The first commit of which the time is known to be this.</param>
/// <param name="Time">Microseconds.</param>
public readonly record struct CommitTime(long Commit, long Time);

/// <summary>What a store keeps of a tenant beside the rows.</summary>
/// <param name="Totals">Ever stored, dropped ones too.</param>
/// <param name="Held">Distinct readings that are there.</param>
public sealed record TenantRest(IReadOnlyList<SourceProgress> Progress, IReadOnlyList<UsageHour> Usage, StoreTotals Totals, long Held)
{
    /// <summary>Asks a store. As of one moment when nothing of the tenant is written meanwhile.</summary>
    public static async Task<TenantRest> OfAsync(ITelemetryStore store, TenantId tenant, CancellationToken cancellationToken)
    {
        // First: it settles what is counted late.
        var usage = await store.UsageAsync(tenant, DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue.AddYears(-1), cancellationToken);
        return new TenantRest(
            await store.ProgressAsync(tenant, null, cancellationToken), usage, await store.TotalsAsync(tenant, cancellationToken), await store.CountAsync(tenant, null, cancellationToken));
    }
}
