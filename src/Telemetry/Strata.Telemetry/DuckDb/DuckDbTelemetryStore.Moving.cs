using Strata.Core.Tenancy;
using Strata.Telemetry.Transfer;

namespace Strata.Telemetry.DuckDb;

/// <summary>Taking a tenant out into files of its own, out of them, and to and from stores of other kinds.</summary>
public sealed partial class DuckDbTelemetryStore : ITenantMoves, ITransferStore
{
    private volatile bool copying;

    public async Task<long> CopyAsync(TenantId tenant, string folder, Action<long> progress, CancellationToken cancellationToken)
    {
        copying = true;
        await OpenAsync(cancellationToken);
        var open = Readable();
        if (open.Catalog.Find(tenant) is not { } owner)
            return open.LastCommit;
        return await CopyingAsync(folder, copy =>
        {
            copy.CatchUp(owner.Number, progress, cancellationToken);
            var upTo = copy.Cursor;
            copy.Compare(owner.Number, 0, upTo);
            return upTo;
        }, cancellationToken);
    }

    public async Task FinishCopyAsync(TenantId tenant, string folder, long compared, CancellationToken cancellationToken)
    {
        var open = Readable();
        if (open.Catalog.Find(tenant) is not { } owner)
            return;
        await CopyingAsync(folder, copy =>
        {
            var upTo = copy.Finish(owner.Number);
            copy.Compare(owner.Number, compared, upTo);
            return upTo;
        }, cancellationToken);
    }

    public void EndCopy() => copying = false;

    public void HoldRetention(bool hold) => copying = hold;

    public ValueTask<long> LastCommitAsync(TenantId tenant, CancellationToken cancellationToken) => ValueTask.FromResult(Readable().LastCommit);

    public async ValueTask<IReadOnlyList<CommitTime>> ArrivalsAsync(TenantId tenant, long after, long upTo, CancellationToken cancellationToken)
    {
        var sql =
            $"""
            SELECT commit, time FROM commits WHERE commit <= {upTo} AND commit >= coalesce((SELECT max(commit) FROM commits WHERE commit <= {after + 1}), 0)
            UNION ALL SELECT 0, coalesce((SELECT min(time) FROM commits), {Now}) ORDER BY 1
            """;
        return await List(Readable(), sql, r => new CommitTime(r.GetInt64(0), r.GetInt64(1)), [], cancellationToken);
    }

    public async Task BringAsync(TenantId tenant, TenantRest rest, CancellationToken cancellationToken)
    {
        await SettleAsync(cancellationToken);
        var brought = await TotalsAsync(tenant, cancellationToken);
        await Write(s => s.Bring(tenant, rest, brought), cancellationToken);
    }

    public async Task<long> RemoveAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await moving.WaitAsync(cancellationToken);
        try
        {
            long removed = 0;
            while (await Write(s => s.RemoveSlice(tenant), cancellationToken) is > 0 and var slice)
                removed += slice;
            await Write(s => s.RemoveRest(tenant), cancellationToken);
            await Write(async s =>
            {
                await s.CheckpointAsync();
                return true;
            }, cancellationToken);
            return removed;
        }
        finally
        {
            moving.Release();
        }
    }

    private async Task<T> CopyingAsync<T>(string folder, Func<TenantCopy, T> work, CancellationToken cancellationToken)
    {
        await moving.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(() => Copying(folder, work), cancellationToken);
        }
        finally
        {
            moving.Release();
        }
    }

    private T Copying<T>(string folder, Func<TenantCopy, T> work)
    {
        try
        {
            using var copy = TenantCopy.Open(options, folder);
            return work(copy);
        }
        catch (TelemetryStoreException)
        {
            TenantCopy.Delete(folder);
            throw;
        }
        catch (DuckDbFailure e)
        {
            throw new TelemetryStoreException($"A tenant's readings cannot be copied to {folder}: {e.Message}", e);
        }
    }
}
