using System.Runtime.CompilerServices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.Transfer;

/// <summary>
/// Takes a tenant's rows from one store to another, beside running commits. How far it has come is a number seen in the target, in the same commit as the rows: it goes on where it ended, also after a crash.
/// </summary>
/// <param name="change">Names this transfer among others of the tenant.</param>
public sealed class TenantTransfer(ITransferStore source, ITransferStore target, TenantId tenant, string change)
{
    /// <summary>Rows asked for at once.</summary>
    private const int Page = 20_000;

    /// <summary>What is left at most when <see cref="CatchUpAsync"/> is content.</summary>
    private const int Few = 2_000;

    private long sourceCompared;
    private long targetCompared;

    private string Source => $"strata:transfer:{change}";

    /// <summary>Whole commits after one, in order, up to another or what there is.</summary>
    public static async IAsyncEnumerable<TelemetrySlice> ReadAsync(ITransferStore store, TenantId tenant, long after, long upTo, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (after < upTo)
        {
            var page = await store.CommittedAfterAsync(tenant, after, Page, cancellationToken);
            if (page.Readings.Count + page.Windows.Count + page.Events.Count + page.Gaps.Count == 0)
                yield break;
            foreach (var slice in TelemetrySlice.Cut(page, await store.ArrivalsAsync(tenant, after, page.Last, cancellationToken), upTo))
                yield return slice;
            after = page.Last;
        }
    }

    /// <summary>Copies until little is left, or until no less comes meanwhile than was copied, then compares both stores up to there.</summary>
    /// <param name="progress">Rows copied by this call.</param>
    /// <exception cref="TelemetryStoreException">A store failed; or the two differ: then what was copied is gone, and is copied anew by the next call.</exception>
    public async Task CatchUpAsync(Action<long> progress, CancellationToken cancellationToken)
    {
        source.HoldRetention(true);
        target.HoldRetention(true);
        long total = 0, before, last = long.MaxValue;
        do
        {
            before = last;
            last = await CopyAsync(cancellationToken);
            progress(total += last);
        }
        while (last > Few && last < before);
        await CompareAsync(cancellationToken);
    }

    /// <summary>The last part, while nothing of the tenant is written: copies and compares the rest, and sets what is kept beside the rows. After it the target has everything.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        await CopyAsync(cancellationToken);
        await CompareAsync(cancellationToken);
        await target.BringAsync(tenant, await TenantRest.OfAsync(source, tenant, cancellationToken), cancellationToken);
        var (there, here) = (await source.TotalsAsync(tenant, cancellationToken), await target.TotalsAsync(tenant, cancellationToken));
        if (there != here)
            await BeginAnewAsync(cancellationToken);
        if (there != here)
            throw new TelemetryStoreException($"The totals of {tenant} differ: {there} there, {here} here. It is copied anew.");
    }

    private async Task BeginAnewAsync(CancellationToken cancellationToken)
    {
        (sourceCompared, targetCompared) = (0, 0);
        await target.RemoveAsync(tenant, cancellationToken);
    }

    /// <summary>Retention goes on.</summary>
    public void End()
    {
        source.HoldRetention(false);
        target.HoldRetention(false);
    }

    /// <summary>One pass: what is there as it begins. What comes meanwhile is left to the next, else a steady writer would keep it from ending.</summary>
    private async Task<long> CopyAsync(CancellationToken cancellationToken)
    {
        var upTo = await source.LastCommitAsync(tenant, cancellationToken);
        var seen = await target.ProgressAsync(tenant, Source, cancellationToken);
        var cursor = seen.SelectMany(s => s.Seen).Select(i => i.Last).DefaultIfEmpty(0).Max();
        long rows = 0;
        await foreach (var slice in ReadAsync(source, tenant, cursor, upTo, cancellationToken))
        {
            await BringAsync(target, tenant, slice, new SourceStamp(Source, "", slice.UpTo), cancellationToken);
            rows += slice.Rows;
        }
        return rows;
    }

    /// <summary>Commits a slice.</summary>
    /// <exception cref="TelemetryStoreException">It was not stored whole.</exception>
    public static async Task BringAsync(ITransferStore target, TenantId tenant, TelemetrySlice slice, SourceStamp? stamp, CancellationToken cancellationToken)
    {
        var report = await target.CommitAsync([slice.ToWrite(tenant, stamp)], cancellationToken);
        if (report.Refused > 0)
            throw new TelemetryStoreException($"{report.Refused} messages of {tenant} go beyond a limit of the store that they are brought to (series of the store, metrics of a device); raise it.");
    }

    private async Task CompareAsync(CancellationToken cancellationToken)
    {
        var (there, here) = (new TransferDigest(), new TransferDigest());
        var seen = await target.ProgressAsync(tenant, Source, cancellationToken);
        var upTo = seen.SelectMany(s => s.Seen).Select(i => i.Last).DefaultIfEmpty(0).Max();
        var (sourceTo, targetTo) = (sourceCompared, targetCompared);
        await foreach (var slice in ReadAsync(source, tenant, sourceCompared, upTo, cancellationToken))
        {
            there.Add(slice);
            sourceTo = slice.UpTo;
        }
        await foreach (var slice in ReadAsync(target, tenant, targetCompared, long.MaxValue, cancellationToken))
        {
            here.Add(slice);
            targetTo = slice.UpTo;
        }
        if (there.Differs(here) is not { } difference)
        {
            (sourceCompared, targetCompared) = (sourceTo, targetTo);
            return;
        }
        await BeginAnewAsync(cancellationToken);
        throw new TelemetryStoreException($"The copy of {tenant} differs from what it was copied from: {difference}. It is made anew.");
    }
}
