using System.Runtime.InteropServices;
using Npgsql;
using Strata.Core.Devices;
using Strata.Core.Metering;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Postgres;

namespace Strata.Telemetry.Postgres;

/// <summary>One commit: what is new of the writes goes into the tables, tenant by tenant, all in one transaction.</summary>
internal sealed partial class WriterSession
{
    private readonly Dictionary<TenantId, TenantCommit> pending = [];
    private SeriesState[] resolved = new SeriesState[64];
    private HashSet<object>? repeatedRecords;
    private bool isBrought;
    private int stored;
    private int repeated;
    private int refused;

    /// <summary>Commits the writes durably. After an exception the outcome is unknown and the session must be thrown away.</summary>
    /// <param name="now">Microseconds.</param>
    public async Task<CommitReport> CommitAsync(IReadOnlyList<TelemetryWrite> writes, long now, CancellationToken cancellationToken)
    {
        (stored, repeated, refused, repeatedRecords) = (0, 0, 0, null);
        foreach (var commit in pending.Values)
            commit.Clear();
        usage.Begin(now);
        // What is brought from another store was metered there, and keeps its age.
        isBrought = writes.Count == 1 && writes[0].Arrived is not null;
        now = isBrought ? writes[0].Arrived!.Value : now;
        foreach (var write in writes)
        {
            var tenant = await TenantAsync(write.Tenant, cancellationToken);
            if (write.Readings is { } batch)
                await LearnHeightsAsync(tenant, batch, now, cancellationToken);
            Take(tenant, write, now);
        }
        if (isBrought)
            usage.Forget();
        if (pending.Values.Any(p => !p.IsEmpty))
            await WriteAsync(LastCommit + 1, now, cancellationToken);
        return new CommitReport(LastCommit, stored, repeated, EventTime.ToDateTimeOffset(now)) { Refused = refused, RepeatedRecords = repeatedRecords };
    }

    private void Take(TenantState tenant, TelemetryWrite write, long now)
    {
        if (!pending.TryGetValue(tenant.Id, out var commit))
            pending[tenant.Id] = commit = new TenantCommit();
        if (write.Readings is { } batch)
            for (var index = 0; index < batch.MessageCount; index++)
                batch.SetOutcome(index, Take(tenant, commit, batch, batch.Messages[index], write.Gateway, now));
        foreach (var window in write.Windows)
            if (IsNew(tenant, commit, window.Record, window.Stamp, window.Bytes))
                commit.Windows.Add(window.Record);
        foreach (var happened in write.Events)
            if (IsNew(tenant, commit, happened.Record, happened.Stamp, happened.Bytes))
                commit.Events.Add((++tenant.EventPosition, happened.Record));
        foreach (var entry in write.Gaps)
        {
            var gap = entry.Record;
            if (!IsNew(tenant, commit, gap, entry.Stamp, entry.Bytes, alsoWhen: !tenant.Progress.Contains(tenant.Id, gap.Source, gap.Stream, gap.First, gap.Last)))
                continue;
            tenant.Progress.Add(tenant.Id, gap.Source, gap.Stream, gap.First, gap.Last);
            commit.Sources.Add(gap.Source);
            commit.Gaps.Add((++tenant.GapPosition, gap));
        }
        foreach (var stamp in write.Seen)
            if (!Take(tenant, commit, stamp))
                repeated++;
        if (write.UsageStamp is not { } numbered)
            return;
        if (Take(tenant, commit, numbered))
            foreach (var used in write.Usage)
                usage.Add(tenant.Id, used);
        else
            repeated++;
    }

    private MessageOutcome Take(TenantState tenant, TenantCommit commit, ReadingBatch batch, BatchMessage message, GatewayId? gateway, long now)
    {
        if (message.Stamp is { } stamp && tenant.Progress.Contains(tenant.Id, stamp))
        {
            repeated++;
            return MessageOutcome.Repeated;
        }
        if (!Resolve(tenant, commit, batch, message))
        {
            refused++;
            return MessageOutcome.Refused;
        }
        if (message.Stamp is { } taken)
            Take(tenant, commit, taken);
        Note(commit, message.Origin.Gateway is null ? message.Origin with { Gateway = gateway } : message.Origin, message.Count);
        var times = batch.Times;
        var device = message.Count == 0 ? null : resolved[0].Device;
        var used = device is null ? usage.Of(tenant.Id) : usage.Of(tenant.Id, device.Id, ref device.Class);
        used.Message(message.Bytes);
        for (var i = 0; i < message.Count; i++)
        {
            var row = message.Start + i;
            var series = resolved[i];
            if (series.Device != device)
            {
                device = series.Device;
                used = usage.Of(tenant.Id, device.Id, ref device.Class);
            }
            if (times[row] == EventTime.Arrival)
                times[row] = series.Device.LastArrival = Math.Max(now, series.Device.LastArrival + 1);
            var time = times[row];
            var late = time <= (series.IsKnown ? series.Height : tenant.LoadedHeight);
            var pendingRow = new PendingRow(batch, row, series, late, used);
            if (late)
            {
                commit.Late.TryAdd((series, time), pendingRow);
            }
            else
            {
                (series.Height, series.IsKnown) = (time, true);
                used.Reading(batch.Texts[row]);
            }
            tenant.Height = Math.Max(tenant.Height, time);
            commit.Rows.Add(pendingRow);
        }
        stored += message.Count;
        return MessageOutcome.Stored;
    }

    /// <summary>Keeps where rows came from; neighbours that came the same way share a row.</summary>
    private static void Note(TenantCommit commit, MessageOrigin origin, int rows)
    {
        if (rows == 0 || origin is { Immediate: false, Gateway: null })
            return;
        var first = commit.Rows.Count;
        if (commit.Origins.Count > 0 && commit.Origins[^1] is var last && last.Origin == origin && last.First + last.Count == first)
            commit.Origins[^1] = last with { Count = last.Count + rows };
        else
            commit.Origins.Add(new PendingOrigin(origin, first, rows));
    }

    /// <summary>Finds the series of a message's rows; false when a limit forbids one.</summary>
    private bool Resolve(TenantState tenant, TenantCommit commit, ReadingBatch batch, BatchMessage message)
    {
        if (resolved.Length < message.Count)
            resolved = new SeriesState[Math.Max(message.Count, resolved.Length * 2)];
        DeviceState? device = null;
        for (var i = 0; i < message.Count; i++)
        {
            var id = batch.Devices[message.Start + i];
            if (device is null || device.Id != id)
                device = tenant.Device(id);
            var metric = batch.Metrics[message.Start + i];
            if (device.Find(metric) is not { } series)
            {
                if (device.Series.Count >= options.MaxMetricsPerDevice || tenants.Values.Sum(t => t.SeriesCount) >= options.MaxSeries)
                    return false;
                series = tenant.Add(device, metric);
                commit.NewSeries.Add(series);
            }
            resolved[i] = series;
        }
        return true;
    }

    /// <summary>Takes the record's number; false when it was seen, or when the record says nothing new.</summary>
    private bool IsNew(TenantState tenant, TenantCommit commit, object record, SourceStamp? stamp, int bytes, bool alsoWhen = true)
    {
        if ((stamp is { } given && !Take(tenant, commit, given)) || !alsoWhen)
        {
            repeated++;
            (repeatedRecords ??= new HashSet<object>(ReferenceEqualityComparer.Instance)).Add(record);
            return false;
        }
        stored++;
        if (bytes > 0)
            usage.Of(tenant.Id).Message(bytes);
        return true;
    }

    /// <summary>Marks a number as seen; false when it was.</summary>
    private static bool Take(TenantState tenant, TenantCommit commit, SourceStamp stamp)
    {
        if (tenant.Progress.Contains(tenant.Id, stamp))
            return false;
        tenant.Progress.Add(tenant.Id, stamp.Source, stamp.Stream, stamp.Number, stamp.Number);
        commit.Sources.Add(stamp.Source);
        return true;
    }

    private async Task WriteAsync(long commit, long now, CancellationToken cancellationToken)
    {
        var day = DateOnly.FromDateTime(EventTime.ToDateTimeOffset(now).UtcDateTime);
        if (!leaves.Contains(day))
            await EnsureLeavesAsync(day, cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var first = true;
        foreach (var (id, part) in pending)
        {
            if (part.IsEmpty)
                continue;
            await WriteAsync(tenants[id], part, commit, day, now, first, cancellationToken);
            first = false;
        }
        await transaction.CommitAsync(cancellationToken);
        LastCommit = commit;
        foreach (var part in pending.Values.Where(p => !p.IsEmpty))
            part.NewSeries.Clear();
    }

    /// <summary>Binds the transaction to the tenant and writes its part: everything but the readings with one batch, the readings with one COPY into the day's leaf.</summary>
    private async Task WriteAsync(TenantState tenant, TenantCommit part, long commit, DateOnly day, long now, bool isFirst, CancellationToken cancellationToken)
    {
        await using (var batch = new NpgsqlBatch(connection))
        {
            batch.BatchCommands.Add(TenantBinding.Command(tenant.Id));
            if (isFirst)
                batch.BatchCommands.Add(new("SELECT setval('telemetry_commits', $1)") { Parameters = { new() { Value = commit } } });
            CommitSql.AddRecords(batch, tenant, part, commit, day, now);
            if (part.Late.Count == 0)
            {
                CommitSql.AddCounters(batch, tenant, commit, part.Rows.Count, part.Rows.Count(r => r.Series.IsHealth));
                CommitSql.AddUsage(batch, tenant, UsedBy(tenant));
            }
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
        if (part.Late.Count > 0)
            await CountLateAsync(tenant, part, commit, cancellationToken);
        if (part.Rows.Count > 0)
            Copy(tenant, part, commit, day);
    }

    /// <summary>Counts the late rows that are readings of their own, before they are written: those whose key is neither in this commit nor in the store.</summary>
    private async Task CountLateAsync(TenantState tenant, TenantCommit part, long commit, CancellationToken cancellationToken)
    {
        var inOrder = part.Rows.Where(r => !r.IsLate).ToList();
        var lateSeries = part.Late.Keys.Select(k => k.Series).ToHashSet();
        var written = inOrder.Where(r => lateSeries.Contains(r.Series)).Select(r => (r.Series, r.Batch.Times[r.Row])).ToHashSet();
        var rows = part.Late.Where(k => !written.Contains(k.Key)).Select(k => k.Value).ToList();
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new($"""
                    SELECT k.place::integer FROM unnest($2, $3) WITH ORDINALITY k(series, time, place)
                    WHERE NOT EXISTS (SELECT FROM {TelemetrySchema.Readings} r WHERE r.tenant_id = $1 AND r.series = k.series AND r.time = k.time)
                    """)
                {
                    Parameters =
                    {
                        new() { Value = tenant.Id.Value }, new() { Value = rows.Select(r => r.Series.Number).ToArray() }, new() { Value = rows.Select(r => r.Batch.Times[r.Row]).ToArray() },
                    },
                },
            },
        };
        long readings = inOrder.Count, health = inOrder.Count(r => r.Series.IsHealth);
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                var row = rows[reader.GetInt32(0) - 1];
                readings++;
                health += row.Series.IsHealth ? 1 : 0;
                row.Usage.Reading(row.Batch.Texts[row.Row]);
            }
        }
        await using var count = new NpgsqlBatch(connection);
        CommitSql.AddCounters(count, tenant, commit, readings, health);
        CommitSql.AddUsage(count, tenant, UsedBy(tenant));
        await count.ExecuteNonQueryAsync(cancellationToken);
    }

    private List<UsageHour> UsedBy(TenantState tenant) => [.. usage.Touched.Where(c => !isBrought && c.Tenant == tenant.Id).Select(c => c.Taken).OfType<UsageHour>()];

    /// <summary>Row by row in the order of their series, so that a series' rows of this commit lie together, in the table and in its index. Where a row stood in the commit is its number.</summary>
    private void Copy(TenantState tenant, TenantCommit part, long commit, DateOnly day)
    {
        using var stream = connection.BeginRawBinaryCopy(
            $"COPY {TelemetrySchema.Readings}_{day:yyyyMMdd} (commit, time, number, series, row, kind, tenant_id, text) FROM STDIN (FORMAT BINARY)");
        encoder.Begin(stream);
        var name = tenant.Name;
        var room = 64 + name.Length;
        var rows = CollectionsMarshal.AsSpan(part.Rows);
        foreach (var place in BySeries(rows))
        {
            var index = (int)(place & uint.MaxValue);
            var (batch, row, series, _, _) = rows[index];
            var text = batch.Texts[row];
            var kind = (short)batch.Kinds[row];
            if (StoredText.NeedsEscape(text))
                (text, kind) = (StoredText.Escape(text!), StoredText.EscapedKind);
            encoder.Row(8, room);
            encoder.Int64(commit);
            encoder.Int64(batch.Times[row]);
            encoder.Double(batch.Numbers[row]);
            encoder.Int32(series.Number);
            encoder.Int32(index);
            encoder.Int16(kind);
            encoder.Bytes(name);
            encoder.LastText(text);
        }
        encoder.End();
    }

    /// <summary>The rows' series and index, sorted; valid until the next call.</summary>
    private ReadOnlySpan<ulong> BySeries(ReadOnlySpan<PendingRow> rows)
    {
        if (places.Length < rows.Length)
            places = new ulong[Math.Max(rows.Length, places.Length * 2)];
        for (var i = 0; i < rows.Length; i++)
            places[i] = (ulong)rows[i].Series.Number << 32 | (uint)i;
        var sorted = places.AsSpan(0, rows.Length);
        sorted.Sort();
        return sorted;
    }

    private ulong[] places = [];
    private readonly CopyEncoder encoder = new();
}
