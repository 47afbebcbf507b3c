using System.Collections.Concurrent;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.DuckDb;

/// <summary>One commit: what is new of the writes goes into the tables, all in one transaction.</summary>
internal sealed partial class DuckDbSession
{
    /// <summary>Between two rows of <c>commits</c>, from which retention by arrival knows how old a commit is.</summary>
    public const long TimedEvery = 60_000_000;

    /// <summary>Commits after one of several tenants' in which others still count as near.</summary>
    private const int CrowdedFor = 64;

    private readonly List<PendingProgress> pending = [];
    private readonly List<PendingOrigin> origins = [];
    private readonly List<SeriesEntry> raised = [];
    private readonly List<TenantEntry> counted = [];
    private SeriesEntry[] resolved = new SeriesEntry[64];
    private HashSet<object>? repeatedRecords;
    private readonly ConcurrentDictionary<string, long> newest = [];
    private long openedAt;
    private long lastCommit;
    private long lastTimed;
    private int stored;
    private int repeated;
    private int refused;

    /// <summary>Commits the writes durably. After an exception the outcome is unknown and the session must be thrown away.</summary>
    /// <param name="now">Microseconds.</param>
    public CommitReport Commit(IReadOnlyList<TelemetryWrite> writes, long now)
    {
        (stored, repeated, refused, repeatedRecords) = (0, 0, 0, null);
        pending.Clear();
        origins.Clear();
        raised.Clear();
        counted.Clear();
        lateInCommit = 0;
        usage.Begin(now);
        writer.Execute("BEGIN");
        var commit = lastCommit + 1;
        // What is brought from another store was metered there.
        var arrived = writes.Count == 1 ? writes[0].Arrived : null;
        TenantId? first = null;
        var several = false;
        foreach (var write in writes)
        {
            Append(write, commit, arrived ?? now);
            if (write.Readings is not null)
                several |= (first ??= write.Tenant) != write.Tenant;
        }
        if (arrived is not null)
            usage.Forget();
        crowded = several ? CrowdedFor : Math.Max(0, crowded - 1);
        if (stored == 0 && pending.Count == 0 && writes.Count > 0)
        {
            writer.Execute("ROLLBACK");
            usage.Forget();
        }
        else
        {
            Finish(commit, arrived ?? now, isProbe: writes.Count == 0, isBrought: arrived is not null);
        }
        return new CommitReport(lastCommit, stored, repeated, EventTime.ToDateTimeOffset(now)) { Refused = refused, RepeatedRecords = repeatedRecords };
    }

    /// <summary>
    /// False when no row of a table is of a commit after this one, up to the <see cref="LastCommit"/> read before: what need not be asked of the database. Any thread.
    /// </summary>
    public bool MayHaveAfter(string table, long commit) => newest.GetValueOrDefault(table, openedAt) > commit;

    /// <summary>Work between commits that none waits for often: a few times an hour at full speed.</summary>
    public void Tidy()
    {
        if (rowsSinceHeights > HeightsEvery || countRows > 20_000 + 4L * Catalog.Count)
            WriteHeights();
        CompactProgress();
        FoldUsage();
    }

    private void Finish(long commit, long now, bool isProbe, bool isBrought)
    {
        AppendNames();
        foreach (var origin in origins)
            Append(origin, commit);
        foreach (var p in pending)
            AppendProgress(p.Tenant, p.Source, p.Stream, p.First, p.Last, commit);
        AppendUsage(commit);
        // Times of commits never go back: what is brought into a store that has newer commits begins its age there.
        if (isProbe || now - lastTimed >= TimedEvery || (now < lastTimed && !isBrought))
        {
            var commits = Appender("commits", Schema.Commits);
            commits.Set(0, 0);
            commits.Set(1, commit);
            commits.Set(2, now);
            commits.EndRow();
            lastTimed = now;
        }
        foreach (var (table, appender) in appenders)
        {
            if (!appender.HasRows)
                continue;
            appender.Flush();
            newest[table] = commit;
        }
        writer.Execute("COMMIT");
        if (lateInCommit > 0)
            Volatile.Write(ref unsettled, unsettled + lateInCommit);
        Publish(raised, counted);
        Volatile.Write(ref lastCommit, commit);
    }

    private void Append(TelemetryWrite write, long commit, long now)
    {
        var tenant = Catalog.GetOrAdd(write.Tenant);
        if (write.Readings is { } batch)
            for (var index = 0; index < batch.MessageCount; index++)
                batch.SetOutcome(index, Append(tenant, batch, batch.Messages[index], write.Gateway, commit, now));
        foreach (var window in write.Windows)
            if (IsNew(tenant, window.Record, window.Stamp, window.Bytes))
                Append(tenant, window.Record, commit);
        foreach (var happened in write.Events)
            if (IsNew(tenant, happened.Record, happened.Stamp, happened.Bytes))
                Append(tenant, happened.Record, commit);
        foreach (var gap in write.Gaps)
            if (IsNew(tenant, gap.Record, gap.Stamp, gap.Bytes, alsoWhen: !Progress.Contains(write.Tenant, gap.Record.Source, gap.Record.Stream, gap.Record.First, gap.Record.Last)))
                Append(tenant, gap.Record, commit, now);
        foreach (var stamp in write.Seen)
            if (!Take(tenant, stamp))
                repeated++;
        if (write.UsageStamp is not { } numbered)
            return;
        if (Take(tenant, numbered))
            foreach (var used in write.Usage)
                usage.Add(write.Tenant, used);
        else
            repeated++;
    }

    private MessageOutcome Append(TenantEntry tenant, ReadingBatch batch, BatchMessage message, GatewayId? gateway, long commit, long now)
    {
        if (message.Stamp is { } stamp && Progress.Contains(tenant.Id, stamp))
        {
            repeated++;
            return MessageOutcome.Repeated;
        }
        if (!Resolve(tenant, batch, message))
        {
            refused++;
            return MessageOutcome.Refused;
        }
        if (message.Stamp is { } taken)
            Take(tenant, taken);
        Note(tenant, message.Origin.Gateway is null ? message.Origin with { Gateway = gateway } : message.Origin, message.Count, commit);
        var table = Appender("readings", Schema.Readings);
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
            var late = time <= series.Height;
            if (late)
            {
                lateInCommit++;
            }
            else
            {
                Raise(series, time);
                CountReadings(tenant, series, 1);
                used.Reading(batch.Texts[row]);
            }
            table.Set(0, tenant.Number);
            table.Set(1, series.Number);
            table.Set(2, time);
            table.Set(3, (byte)((int)batch.Kinds[row] + (late ? Schema.Late : 0)));
            table.Set(4, batch.Numbers[row]);
            table.SetText(5, batch.Texts[row]);
            table.Set(6, commit);
            table.EndRow();
        }
        stored += message.Count;
        rowsSinceHeights += message.Count;
        return MessageOutcome.Stored;
    }

    /// <summary>Keeps where rows came from; neighbours that came the same way share a row.</summary>
    private void Note(TenantEntry tenant, MessageOrigin origin, int rows, long commit)
    {
        if (tenant.Commit != commit)
        {
            (tenant.Commit, tenant.Rows) = (commit, 0);
            counted.Add(tenant);
        }
        var first = tenant.Rows;
        tenant.Rows += rows;
        if (rows == 0 || origin is { Immediate: false, Gateway: null })
            return;
        if (origins.Count > 0 && origins[^1] is var last && last.Tenant == tenant && last.Origin == origin && last.First + last.Count == first)
            origins[^1] = last with { Count = last.Count + rows };
        else
            origins.Add(new PendingOrigin(tenant, origin, first, rows));
    }

    private void Raise(SeriesEntry series, long time)
    {
        if (series.Height == series.DurableHeight)
            raised.Add(series);
        series.Height = time;
    }

    /// <summary>Finds the series of a message's rows; false when a limit forbids one.</summary>
    private bool Resolve(TenantEntry tenant, ReadingBatch batch, BatchMessage message)
    {
        if (resolved.Length < message.Count)
            resolved = new SeriesEntry[Math.Max(message.Count, resolved.Length * 2)];
        DeviceEntry? device = null;
        for (var i = 0; i < message.Count; i++)
        {
            var id = batch.Devices[message.Start + i];
            if (device is null || device.Id != id)
                device = SeriesCatalog.GetOrAdd(tenant, id);
            if (Catalog.GetOrAdd(device, batch.Metrics[message.Start + i]) is not { } series)
                return false;
            resolved[i] = series;
        }
        return true;
    }

    /// <summary>Takes the record's number; false when it was seen, or when the record says nothing new.</summary>
    private bool IsNew(TenantEntry tenant, object record, SourceStamp? stamp, int bytes, bool alsoWhen = true)
    {
        if ((stamp is { } given && !Take(tenant, given)) || !alsoWhen)
        {
            Repeat(record);
            return false;
        }
        stored++;
        if (bytes > 0)
            usage.Of(tenant.Id).Message(bytes);
        return true;
    }

    private void Repeat(object record)
    {
        repeated++;
        (repeatedRecords ??= new HashSet<object>(ReferenceEqualityComparer.Instance)).Add(record);
    }

    /// <summary>Marks a number as seen; false when it was.</summary>
    private bool Take(TenantEntry tenant, SourceStamp stamp)
    {
        if (Progress.Contains(tenant.Id, stamp))
            return false;
        Take(tenant, stamp.Source, stamp.Stream, stamp.Number, stamp.Number);
        return true;
    }

    private void Take(TenantEntry tenant, string source, string stream, long first, long last)
    {
        Progress.Add(tenant.Id, source, stream, first, last);
        if (pending.Count > 0 && pending[^1] is var p && p.Last + 1 == first && p.Tenant == tenant && p.Source == source && p.Stream == stream)
            pending[^1] = p with { Last = last };
        else
            pending.Add(new PendingProgress(tenant, source, stream, first, last));
    }

    private readonly record struct PendingOrigin(TenantEntry Tenant, MessageOrigin Origin, int First, int Count);

    private readonly record struct PendingProgress(TenantEntry Tenant, string Source, string Stream, long First, long Last);
}
