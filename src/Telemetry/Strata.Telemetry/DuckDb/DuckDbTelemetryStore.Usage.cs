using Strata.Core.Metering;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.DuckDb;

/// <summary>The hours of usage, and the settling of rows written late beside the commits.</summary>
public sealed partial class DuckDbTelemetryStore
{
    /// <summary>Rows written late wait so long for others before they are counted.</summary>
    private static readonly TimeSpan SettleAfter = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim settling = new(1, 1);
    private readonly CancellationTokenSource ending = new();
    private Task settlement = Task.CompletedTask;

    public async ValueTask<IReadOnlyList<UsageHour>> UsageAsync(TenantId tenant, DateTimeOffset since, DateTimeOffset until, CancellationToken cancellationToken)
    {
        var open = Readable();
        if (open.Catalog.Find(tenant) is not { } owner)
            return [];
        // While the store cannot commit, what it has counted is still to be read.
        if (fault.Length == 0)
            await SettleAsync(cancellationToken);
        var sql =
            $"""
            SELECT hour, class, sum(messages_in)::BIGINT, sum(bytes_in)::BIGINT, sum(messages_out)::BIGINT, sum(bytes_out)::BIGINT, sum(readings)::BIGINT, sum(bytes_stored)::BIGINT,
                sum(api_calls)::BIGINT, max(devices), max(connections), coalesce(arg_max(storage_bytes, rowid) FILTER (storage_bytes > 0), 0)
            FROM usage WHERE tenant_id = {owner.Number} AND hour >= {EventTime.From(UsageSums.HourOf(since))} AND hour < {EventTime.From(until)} GROUP BY hour, class ORDER BY hour, class
            """;
        return await List(Readable(), sql, r => new UsageHour(tenant, EventTime.ToDateTimeOffset(r.GetInt64(0)), r.GetString(1))
        {
            MessagesIn = r.GetInt64(2),
            BytesIn = r.GetInt64(3),
            MessagesOut = r.GetInt64(4),
            BytesOut = r.GetInt64(5),
            ReadingsStored = r.GetInt64(6),
            BytesStored = r.GetInt64(7),
            ApiCalls = r.GetInt64(8),
            Devices = r.GetInt64(9),
            Connections = r.GetInt64(10),
            StorageBytes = r.GetInt64(11),
        }, [], cancellationToken);
    }

    /// <summary>Counts the rows written late up to the last commit: the look for their keys runs beside the commits, its result is a transaction between them.</summary>
    private async Task SettleAsync(CancellationToken cancellationToken)
    {
        if (session is not { Unsettled: > 0 })
            return;
        await settling.WaitAsync(cancellationToken);
        try
        {
            if (session is not { Unsettled: > 0 } open)
                return;
            var found = await open.Readers.RunAsync(open.FindSettled, time, cancellationToken);
            await Write(s =>
            {
                // Another session knows no more than the disk; it is looked again.
                if (s == open)
                    s.Settle(found, Now);
                return true;
            }, cancellationToken);
        }
        finally
        {
            settling.Release();
        }
    }

    private void SettleSoon(DuckDbSession open)
    {
        if (open.Unsettled > 0 && settlement.IsCompleted)
            settlement = Task.Run(SettleLaterAsync);
    }

    private async Task SettleLaterAsync()
    {
        try
        {
            while (session is { Unsettled: > 0 })
            {
                await Task.Delay(SettleAfter, time, ending.Token);
                await SettleAsync(ending.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The store is closing; what is not settled is with the next start.
        }
        catch (Exception e) when (e is TelemetryStoreException or ObjectDisposedException)
        {
            // The next commit tries again.
            Log.NotSettled(logger, e);
        }
    }
}
