using Npgsql;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Postgres;
using Strata.Telemetry.Transfer;

namespace Strata.Telemetry.Postgres;

/// <summary>Taking a tenant out, and bringing one in.</summary>
public sealed partial class PostgresTelemetryStore : ITransferStore
{
    private volatile bool holdsRetention;

    public void HoldRetention(bool hold) => holdsRetention = hold;

    public async ValueTask<long> LastCommitAsync(TenantId tenant, CancellationToken cancellationToken) =>
        (await reads.ListAsync(tenant, "SELECT commit FROM telemetry_tenants WHERE tenant_id = $1", r => r.GetInt64(0), cancellationToken, tenant.Value)).FirstOrDefault();

    /// <summary>Known to the day: a commit arrived before its day was over.</summary>
    public async ValueTask<IReadOnlyList<CommitTime>> ArrivalsAsync(TenantId tenant, long after, long upTo, CancellationToken cancellationToken)
    {
        var days = await reads.ListAsync(
            tenant, $"SELECT min(commit), arrived FROM {TelemetrySchema.Readings} WHERE tenant_id = $1 AND commit > $2 AND commit <= $3 GROUP BY arrived ORDER BY 1",
            r => new CommitTime(r.GetInt64(0), EndOf(r.GetFieldValue<DateOnly>(1))), cancellationToken, tenant.Value, after, upTo);
        // Windows, events and gaps do not say when they arrived; their ages are their own times'.
        return [new CommitTime(0, days.Count > 0 ? days[0].Time : Now), .. days];
    }

    public Task BringAsync(TenantId tenant, TenantRest rest, CancellationToken cancellationToken) => WriteAsync(async open =>
    {
        await open.BringAsync(tenant, rest, await TotalsAsync(tenant, cancellationToken), await CountHeldAsync(tenant, cancellationToken), cancellationToken);
        return true;
    }, "What is known of a tenant that was brought could not be written", cancellationToken);

    /// <summary>By a function of the owner's: the node itself may not take readings out of leaves.</summary>
    public async Task<long> RemoveAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        long removed = 0, slice;
        do
        {
            slice = await WriteAsync(open => open.RemoveAsync(tenant, cancellationToken), "A tenant could not be removed", cancellationToken);
            removed += Math.Max(slice, 0);
        }
        while (slice >= 0);
        return removed;
    }

    private async Task<long> CountHeldAsync(TenantId tenant, CancellationToken cancellationToken) =>
        (await reads.ListAsync(tenant, $"SELECT count(*) FROM (SELECT DISTINCT series, time FROM {TelemetrySchema.Readings} WHERE tenant_id = $1) r", r => r.GetInt64(0), cancellationToken, tenant.Value))[0];

    private long EndOf(DateOnly day) => Math.Min(Now, EventTime.From(new DateTimeOffset(day.AddDays(1).ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc))) - 1);
}

internal sealed partial class WriterSession
{
    /// <summary>Sets what was seen, metered and ever stored, in one transaction.</summary>
    /// <param name="brought">What the store counts of the rows that were brought.</param>
    /// <param name="held">Distinct readings that are there.</param>
    public async Task BringAsync(TenantId tenant, TenantRest rest, StoreTotals brought, long held, CancellationToken cancellationToken)
    {
        var state = await TenantAsync(tenant, cancellationToken);
        await using (var transaction = await connection.BeginTransactionAsync(cancellationToken))
        {
            await using var batch = new NpgsqlBatch(connection)
            {
                BatchCommands =
                {
                    TenantBinding.Command(tenant),
                    Command("DELETE FROM telemetry_progress WHERE tenant_id = $1", tenant.Value),
                    Command("DELETE FROM telemetry_usage WHERE tenant_id = $1", tenant.Value),
                    Command(
                        """
                        INSERT INTO telemetry_dropped(tenant_id, readings, aggregated, windows, gaps, lost) VALUES ($1, $2, $3, $4, $5, $6)
                        ON CONFLICT (tenant_id) DO UPDATE SET readings = excluded.readings, aggregated = excluded.aggregated, windows = excluded.windows, gaps = excluded.gaps, lost = excluded.lost
                        """,
                        tenant.Value, rest.Totals.Readings - held, rest.Totals.Aggregated - brought.Aggregated, rest.Totals.Windows - brought.Windows, rest.Totals.Gaps - brought.Gaps,
                        rest.Totals.Lost - brought.Lost),
                    Command(
                        """
                        INSERT INTO telemetry_tenants AS t (tenant_id, height, commit, readings, health) VALUES ($1, $2, $3, $4, $5)
                        ON CONFLICT (tenant_id) DO UPDATE SET readings = excluded.readings, health = excluded.health
                        """, tenant.Value, state.Height, LastCommit, rest.Totals.Readings, rest.Totals.Health),
                },
            };
            var used = 0L;
            foreach (var stream in rest.Progress)
            {
                batch.BatchCommands.Add(Command(
                    "INSERT INTO telemetry_progress(tenant_id, source, stream, used, seen) VALUES ($1, $2, $3, $4, $5)", tenant.Value, StoredText.Clean(stream.Source), StoredText.Clean(stream.Stream), ++used,
                    SeenText.Write(stream.Seen)));
            }
            CommitSql.AddUsage(batch, state, [.. rest.Usage]);
            await batch.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        tenants.Remove(tenant);
    }

    /// <summary>Removes some readings of a tenant, and when none are left the rest of it; -1 when there was nothing.</summary>
    public async Task<long> RemoveAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.RunAsync(TenantBinding.Statement(tenant), cancellationToken);
        var removed = (await connection.ListAsync("SELECT strata_remove_tenant()", r => r.GetInt64(0), cancellationToken))[0];
        await transaction.CommitAsync(cancellationToken);
        tenants.Remove(tenant);
        pending.Remove(tenant);
        return removed;
    }

    private static NpgsqlBatchCommand Command(string sql, params object[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return command;
    }
}
