using DuckDB.NET.Native;

namespace Strata.Telemetry.DuckDb;

/// <summary>The tables and their versions. A step is never changed once released; a new one is appended.</summary>
/// <remarks>
/// <c>readings.kind</c> is the <see cref="Core.Telemetry.ReadingKind"/>, plus <see cref="Late"/> when the row's time was not later than every earlier row of its series. Rows that
/// are not late are therefore unique by (series, time), and only late rows can repeat or replace another: the one written last (highest rowid) stands.
/// <c>origins</c> says of <c>count</c> rows of a tenant in a commit, from the <c>first</c> on (from 0, in rowid order), where they came from, when there is something to say.
/// <c>progress</c> is a log: the union of a stream's rows is what was seen. <c>heights</c> is a snapshot of each series' highest time at a
/// commit and how many readings it has without those that <c>counts</c> adds (readings written late, once they are known to be none of those there before; readings dropped), <c>settled</c> the commit up to
/// which readings written late are counted. <c>usage</c> is a log, folded from time to time: the rows of an hour and class add up. <c>commits</c> has the time of one commit a minute. <c>dropped</c> has one row for each tenant of which retention dropped something: how much, as totals count.
/// </remarks>
internal static class Schema
{
    public const int Late = 128;

    private static readonly string[] Steps =
    [
        """
        CREATE TABLE tenants(tenant_id INTEGER NOT NULL, name VARCHAR NOT NULL);
        CREATE TABLE series(tenant_id INTEGER NOT NULL, series INTEGER NOT NULL, device VARCHAR NOT NULL, metric VARCHAR NOT NULL);
        CREATE TABLE readings(tenant_id INTEGER NOT NULL, series INTEGER NOT NULL, time BIGINT NOT NULL, kind UTINYINT NOT NULL, number DOUBLE NOT NULL,
            text VARCHAR, commit BIGINT NOT NULL);
        CREATE TABLE origins(tenant_id INTEGER NOT NULL, commit BIGINT NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, immediate BOOLEAN NOT NULL,
            sampled BIGINT NOT NULL, gateway VARCHAR);
        CREATE TABLE windows(tenant_id INTEGER NOT NULL, "group" VARCHAR NOT NULL, site VARCHAR NOT NULL, gateway VARCHAR NOT NULL, start BIGINT NOT NULL,
            length BIGINT NOT NULL, revision INTEGER NOT NULL, heard INTEGER NOT NULL, members INTEGER NOT NULL, readings BIGINT NOT NULL, metrics VARCHAR NOT NULL,
            commit BIGINT NOT NULL);
        CREATE TABLE events(tenant_id INTEGER NOT NULL, position BIGINT NOT NULL, time BIGINT NOT NULL, kind VARCHAR NOT NULL, device VARCHAR, gateway VARCHAR,
            detail VARCHAR NOT NULL, commit BIGINT NOT NULL);
        CREATE TABLE gaps(tenant_id INTEGER NOT NULL, position BIGINT NOT NULL, recorded BIGINT NOT NULL, source VARCHAR NOT NULL, stream VARCHAR NOT NULL,
            first BIGINT NOT NULL, last BIGINT NOT NULL, readings BIGINT NOT NULL, from_time BIGINT, to_time BIGINT, reason VARCHAR NOT NULL, commit BIGINT NOT NULL);
        CREATE TABLE progress(tenant_id INTEGER NOT NULL, source VARCHAR NOT NULL, stream VARCHAR NOT NULL, first BIGINT NOT NULL, last BIGINT NOT NULL,
            commit BIGINT NOT NULL);
        CREATE TABLE heights(tenant_id INTEGER NOT NULL, series INTEGER NOT NULL, time BIGINT NOT NULL, commit BIGINT NOT NULL);
        CREATE TABLE commits(tenant_id INTEGER NOT NULL, commit BIGINT NOT NULL, time BIGINT NOT NULL);
        """,
        """
        CREATE TABLE dropped(tenant_id INTEGER NOT NULL, readings BIGINT NOT NULL, health BIGINT NOT NULL, aggregated BIGINT NOT NULL, windows BIGINT NOT NULL,
            gaps BIGINT NOT NULL, lost BIGINT NOT NULL);
        """,
        """
        CREATE TABLE usage(tenant_id INTEGER NOT NULL, hour BIGINT NOT NULL, class VARCHAR NOT NULL, messages_in BIGINT NOT NULL, bytes_in BIGINT NOT NULL, messages_out BIGINT NOT NULL,
            bytes_out BIGINT NOT NULL, readings BIGINT NOT NULL, bytes_stored BIGINT NOT NULL, api_calls BIGINT NOT NULL, devices BIGINT NOT NULL, connections BIGINT NOT NULL,
            storage_bytes BIGINT NOT NULL, commit BIGINT NOT NULL);
        CREATE TABLE counts(tenant_id INTEGER NOT NULL, series INTEGER NOT NULL, readings BIGINT NOT NULL);
        CREATE TABLE settled(tenant_id INTEGER NOT NULL, commit BIGINT NOT NULL);
        INSERT INTO settled SELECT 0, coalesce(max(commit), 0) FROM readings;
        DROP TABLE heights;
        CREATE TABLE heights(tenant_id INTEGER NOT NULL, series INTEGER NOT NULL, time BIGINT NOT NULL, readings BIGINT NOT NULL, commit BIGINT NOT NULL);
        INSERT INTO heights WITH late AS MATERIALIZED (SELECT DISTINCT series, time FROM readings WHERE kind >= 128)
            SELECT r.tenant_id, r.series, max(r.time), count(*) FILTER (l.series IS NULL) + count(DISTINCT l.time), (SELECT commit FROM settled)
            FROM readings r LEFT JOIN late l ON r.series = l.series AND r.time = l.time GROUP BY 1, 2;
        """,
    ];

    /// <summary>Tables of a tenant that only grow (retention aside), each row with its commit.</summary>
    public static readonly string[] Growing = ["readings", "origins", "windows", "events", "gaps"];

    /// <summary>Tables of a tenant that are small, or written anew from time to time.</summary>
    public static readonly string[] Kept = ["tenants", "series", "progress", "heights", "counts", "usage", "dropped"];

    /// <summary>Tables of the whole store.</summary>
    public static readonly string[] OfStore = ["commits", "settled", "schema_version"];

    public static readonly DuckDBType[] Tenants = [DuckDBType.Integer, DuckDBType.Varchar];

    public static readonly DuckDBType[] Series = [DuckDBType.Integer, DuckDBType.Integer, DuckDBType.Varchar, DuckDBType.Varchar];

    public static readonly DuckDBType[] Readings =
        [DuckDBType.Integer, DuckDBType.Integer, DuckDBType.BigInt, DuckDBType.UnsignedTinyInt, DuckDBType.Double, DuckDBType.Varchar, DuckDBType.BigInt];

    public static readonly DuckDBType[] Origins =
        [DuckDBType.Integer, DuckDBType.BigInt, DuckDBType.Integer, DuckDBType.Integer, DuckDBType.Boolean, DuckDBType.BigInt, DuckDBType.Varchar];

    public static readonly DuckDBType[] Windows =
    [
        DuckDBType.Integer, DuckDBType.Varchar, DuckDBType.Varchar, DuckDBType.Varchar, DuckDBType.BigInt, DuckDBType.BigInt, DuckDBType.Integer,
        DuckDBType.Integer, DuckDBType.Integer, DuckDBType.BigInt, DuckDBType.Varchar, DuckDBType.BigInt,
    ];

    public static readonly DuckDBType[] Events =
    [
        DuckDBType.Integer, DuckDBType.BigInt, DuckDBType.BigInt, DuckDBType.Varchar, DuckDBType.Varchar, DuckDBType.Varchar, DuckDBType.Varchar, DuckDBType.BigInt,
    ];

    public static readonly DuckDBType[] Gaps =
    [
        DuckDBType.Integer, DuckDBType.BigInt, DuckDBType.BigInt, DuckDBType.Varchar, DuckDBType.Varchar, DuckDBType.BigInt, DuckDBType.BigInt,
        DuckDBType.BigInt, DuckDBType.BigInt, DuckDBType.BigInt, DuckDBType.Varchar, DuckDBType.BigInt,
    ];

    public static readonly DuckDBType[] Progress =
        [DuckDBType.Integer, DuckDBType.Varchar, DuckDBType.Varchar, DuckDBType.BigInt, DuckDBType.BigInt, DuckDBType.BigInt];

    public static readonly DuckDBType[] Heights = [DuckDBType.Integer, DuckDBType.Integer, DuckDBType.BigInt, DuckDBType.BigInt, DuckDBType.BigInt];

    public static readonly DuckDBType[] Counts = [DuckDBType.Integer, DuckDBType.Integer, DuckDBType.BigInt];

    public static readonly DuckDBType[] Usage =
    [
        DuckDBType.Integer, DuckDBType.BigInt, DuckDBType.Varchar, DuckDBType.BigInt, DuckDBType.BigInt, DuckDBType.BigInt, DuckDBType.BigInt, DuckDBType.BigInt, DuckDBType.BigInt,
        DuckDBType.BigInt, DuckDBType.BigInt, DuckDBType.BigInt, DuckDBType.BigInt, DuckDBType.BigInt,
    ];

    public static readonly DuckDBType[] Commits = [DuckDBType.Integer, DuckDBType.BigInt, DuckDBType.BigInt];

    /// <summary>Brings the database to this program's version, each step in its own transaction.</summary>
    /// <exception cref="TelemetryStoreException">It was written by a newer program.</exception>
    public static void Migrate(DuckDbConnection connection)
    {
        connection.Execute("CREATE TABLE IF NOT EXISTS schema_version(tenant_id INTEGER NOT NULL, version INTEGER NOT NULL)");
        var version = (int)connection.Scalar("SELECT coalesce(max(version), 0) FROM schema_version");
        if (version > Steps.Length)
            throw new TelemetryStoreException($"The telemetry store has schema version {version}, this program knows {Steps.Length}: it was written by a newer one.");
        for (; version < Steps.Length; version++)
            connection.Execute($"BEGIN; {Steps[version]} INSERT INTO schema_version VALUES (0, {version + 1}); COMMIT;");
    }
}
