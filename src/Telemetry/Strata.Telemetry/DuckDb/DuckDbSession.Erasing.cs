using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.DuckDb;

/// <summary>Removing one device's readings, in slices between commits.</summary>
internal sealed partial class DuckDbSession
{
    /// <summary>Deletes some rows of a device's readings, those that are counted; 0 when there are none of these.</summary>
    public long EraseSlice(TenantId tenant, DeviceId device)
    {
        if (SeriesOf(tenant, device) is not { } series)
            return 0;
        var owner = Catalog.Find(tenant)!;
        return DropCounted(
            $"tenant_id = {owner.Number} AND series IN ({series}) AND ", long.MaxValue, RetentionSlice, (first, last) => ShiftOrigins(owner, series, first, last));
    }

    /// <summary>Forgets the device when no row of it is left; false when some are.</summary>
    public bool ForgetDevice(TenantId tenant, DeviceId device)
    {
        if (SeriesOf(tenant, device) is not { } series)
            return true;
        var owner = Catalog.Find(tenant)!;
        if (writer.Scalar($"SELECT count(*) FROM (SELECT 1 FROM readings WHERE tenant_id = {owner.Number} AND series IN ({series}) LIMIT 1)") > 0)
            return false;
        writer.Execute("BEGIN");
        foreach (var table in (ReadOnlySpan<string>)["series", "heights", "counts"])
            writer.Execute($"DELETE FROM {table} WHERE tenant_id = {owner.Number} AND series IN ({series})");
        KeepCommitNumber();
        writer.Execute("COMMIT");
        owner.Devices.TryRemove(device, out var gone);
        // A query that began before may still name the series: they stay to be looked up, and are written nowhere.
        foreach (var one in gone!.Series)
            one.Height = long.MinValue;
        return true;
    }

    private string? SeriesOf(TenantId tenant, DeviceId device) =>
        Catalog.Find(tenant) is { } owner && owner.Devices.TryGetValue(device, out var entry) && entry.Series is { Length: > 0 } series ? string.Join(',', series.Select(s => s.Number)) : null;

    /// <summary>Origins count the rows of their commit from 0 on: those that follow the rows which go move up, those that are of such rows alone go.</summary>
    private void ShiftOrigins(TenantEntry owner, string series, long first, long last)
    {
        var commits = $"tenant_id = {owner.Number} AND commit >= {first} AND commit <= {last}";
        writer.Execute(
            $"""
            CREATE TEMP TABLE going AS SELECT commit, place FROM (SELECT commit, series, row_number() OVER (PARTITION BY commit ORDER BY rowid) - 1 AS place FROM readings
                WHERE {commits} AND commit IN (SELECT commit FROM origins WHERE {commits})) WHERE series IN ({series})
            """);
        writer.Execute(
            $"""
            CREATE TEMP TABLE shifted AS SELECT o.tenant_id, o.commit, (o.first - count(*) FILTER (g.place < o.first))::INTEGER AS first,
                (o.count - count(*) FILTER (g.place >= o.first AND g.place < o.first + o.count))::INTEGER AS count, o.immediate, o.sampled, o.gateway
            FROM (SELECT * FROM origins WHERE {commits}) o JOIN going g ON g.commit = o.commit GROUP BY o.tenant_id, o.commit, o.first, o.count, o.immediate, o.sampled, o.gateway
            """);
        writer.Execute($"DELETE FROM origins WHERE {commits} AND commit IN (SELECT commit FROM going)");
        writer.Execute("INSERT INTO origins SELECT * FROM shifted WHERE count > 0 ORDER BY commit, first");
        writer.Execute("DROP TABLE going");
        writer.Execute("DROP TABLE shifted");
    }
}
