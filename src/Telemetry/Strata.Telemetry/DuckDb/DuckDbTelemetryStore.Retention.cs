using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.DuckDb;

/// <summary>Dropping what is old. Each slice is a transaction of its own, and commits run between slices.</summary>
public sealed partial class DuckDbTelemetryStore
{
    public async ValueTask<long> RetainAsync(RetentionPolicy policy, CancellationToken cancellationToken)
    {
        if (copying || !await moving.WaitAsync(TimeSpan.Zero, cancellationToken))
            return 0; // What is being copied must not change under it; ten minutes later is soon enough.
        try
        {
            return await DropOldAsync(policy, cancellationToken);
        }
        finally
        {
            moving.Release();
        }
    }

    private async Task<long> DropOldAsync(RetentionPolicy policy, CancellationToken cancellationToken)
    {
        var now = Now;
        await SettleAsync(cancellationToken);
        await Write(s => s.KeepHeights(), cancellationToken);
        var dropped = await Slices(s => s.CommitBefore(now - EventTime.Span(policy.Raw)), long.MaxValue, cancellationToken);
        foreach (var (tenant, raw) in policy.Shorter)
            dropped += await Slices(s => s.CommitBefore(now - EventTime.Span(raw)), long.MaxValue, cancellationToken, tenant);
        dropped += await Write(s => s.DropRecords(now - EventTime.Span(policy.Windows)), cancellationToken);
        dropped += await Write(s => s.DropUsage(now - EventTime.Span(policy.Usage)), cancellationToken);
        if (policy.MaxBytes is { } max)
            dropped += await Bound(max, cancellationToken);
        if (dropped > 0)
            Log.Retained(logger, dropped);
        return dropped;
    }

    /// <summary>Drops the oldest readings in proportion to the excess, until the store fits. What is dropped gives room for new rows; the file itself need not shrink.</summary>
    private async Task<long> Bound(long max, CancellationToken cancellationToken)
    {
        long dropped = 0;
        for (var round = 0; round < 4; round++)
        {
            var (bytes, rows) = await Write(s => s.MeasureAsync(), cancellationToken);
            if (bytes <= max || rows == 0)
                break;
            var excess = Math.Clamp((long)Math.Ceiling(rows * ((bytes - max * 0.95) / bytes)), 1, rows);
            dropped += await Slices(s => s.LastCommit, excess, cancellationToken);
        }
        return dropped;
    }

    private async Task<long> Slices(Func<DuckDbSession, long> upTo, long rows, CancellationToken cancellationToken, TenantId? only = null)
    {
        long dropped = 0;
        while (dropped < rows)
        {
            var slice = await Write(s => s.DropReadings(upTo(s), Math.Min(DuckDbSession.RetentionSlice, rows - dropped), only), cancellationToken);
            if (slice == 0)
                break;
            dropped += slice;
        }
        return dropped;
    }

    /// <summary>Runs between commits, on a pool thread. A failure is the store's as that of a commit is.</summary>
    private Task<T> Write<T>(Func<DuckDbSession, T> work, CancellationToken cancellationToken) => Write(s => Task.FromResult(work(s)), cancellationToken);

    private async Task<T> Write<T>(Func<DuckDbSession, Task<T>> work, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(async () =>
            {
                var open = await WritableAsync();
                try
                {
                    return await work(open);
                }
                catch (Exception e)
                {
                    Log.CommitFailed(logger, e);
                    throw await FailedAsync("Retention of the telemetry store failed", e);
                }
            }, cancellationToken);
        }
        finally
        {
            writing.Release();
        }
    }
}
