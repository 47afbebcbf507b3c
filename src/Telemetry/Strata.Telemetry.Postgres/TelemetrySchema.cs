using Npgsql;
using Strata.Postgres;
using Strata.Postgres.Schema;

namespace Strata.Telemetry.Postgres;

/// <summary>The telemetry store's tables, in numbered steps. A step that was published is never changed.</summary>
public sealed class TelemetrySchema : ISchemaPart
{
    internal const string Readings = "telemetry_readings";

    /// <summary>Leaves of readings at most: more than twenty years of days.</summary>
    private const int MaxLeaves = 8_000;

    public string Name => "telemetry";

    public IReadOnlyList<SchemaTable> Tables { get; } =
    [
        new("telemetry_schema", "SELECT") { WithoutTenant = "the version of the telemetry tables" },
        new("telemetry_writer", "SELECT, UPDATE") { WithoutTenant = "one row by which the writer proves that it can commit" },
        new("telemetry_tenants", "SELECT, INSERT, UPDATE") { ListsTenants = true },
        new("telemetry_series", "SELECT, INSERT"),
        new(Readings, "SELECT") { HasLeaves = true },
        new("telemetry_origins", "SELECT, INSERT, DELETE"),
        new("telemetry_windows", "SELECT, INSERT, DELETE"),
        new("telemetry_events", "SELECT, INSERT, DELETE"),
        new("telemetry_gaps", "SELECT, INSERT, DELETE"),
        new("telemetry_progress", SchemaTable.AllRights),
        new("telemetry_dropped", "SELECT, INSERT, UPDATE"),
        new("telemetry_usage", SchemaTable.AllRights),
    ];

    public IReadOnlyList<string> Functions { get; } = ["strata_create_leaves(date, integer)", "strata_drop_leaf(date)", "strata_erase_device(text)", "strata_remove_tenant()", "strata_trim_leaf(date)"];

    public IReadOnlyList<string> Sequences { get; } = ["telemetry_commits"];

    public async Task<SchemaVersion> VersionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var found = 0;
        if ((await connection.ListAsync("SELECT to_regclass('public.telemetry_schema') IS NOT NULL", r => r.GetBoolean(0), cancellationToken))[0])
            found = (await connection.ListAsync("SELECT coalesce(max(version), 0) FROM public.telemetry_schema", r => r.GetInt32(0), cancellationToken))[0];
        var state = found == 0 ? SchemaState.Missing : found < Steps.Length ? SchemaState.Older : found > Steps.Length ? SchemaState.Newer : SchemaState.Current;
        return new SchemaVersion(Name, found == 0 ? "" : $"{found}", $"{Steps.Length}", state);
    }

    public async Task MigrateAsync(DatabaseAddress owner, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var found = int.Parse("0" + (await VersionAsync(connection, cancellationToken)).Found, System.Globalization.CultureInfo.InvariantCulture);
        for (; found < Steps.Length; found++)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await connection.RunAsync(Steps[found], cancellationToken);
            await connection.RunAsync($"INSERT INTO public.telemetry_schema VALUES ({found + 1})", cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        // Functions are replaced each time: their text belongs to this program.
        await connection.RunAsync(CreateLeaves, cancellationToken);
        await connection.RunAsync(DropLeaf, cancellationToken);
        await connection.RunAsync(RemoveTenant, cancellationToken);
        await connection.RunAsync(TrimLeaf, cancellationToken);
        await connection.RunAsync(EraseSql.EraseDevice, cancellationToken);
    }

    private static readonly string[] Steps =
    [
        """
        CREATE TABLE public.telemetry_schema(version integer NOT NULL);
        CREATE TABLE public.telemetry_writer(id integer PRIMARY KEY CHECK (id = 1), at timestamptz NOT NULL, instance text NOT NULL);
        INSERT INTO public.telemetry_writer VALUES (1, clock_timestamp(), '');
        CREATE SEQUENCE public.telemetry_commits;
        CREATE TABLE public.telemetry_tenants(tenant_id text COLLATE "C" PRIMARY KEY, height bigint NOT NULL, commit bigint NOT NULL, readings bigint NOT NULL,
            health bigint NOT NULL) WITH (fillfactor = 50);
        CREATE TABLE public.telemetry_series(tenant_id text COLLATE "C" NOT NULL, series integer NOT NULL, device text COLLATE "C" NOT NULL, metric text COLLATE "C" NOT NULL,
            PRIMARY KEY (tenant_id, series), UNIQUE (tenant_id, device, metric));
        CREATE TABLE public.telemetry_readings(commit bigint NOT NULL, time bigint NOT NULL, number double precision NOT NULL, series integer NOT NULL, row integer NOT NULL,
            arrived date NOT NULL, kind smallint NOT NULL, tenant_id text COLLATE "C" NOT NULL, text text) PARTITION BY RANGE (arrived);
        CREATE INDEX telemetry_readings_series ON public.telemetry_readings (tenant_id, series, time);
        CREATE INDEX telemetry_readings_order ON public.telemetry_readings USING brin (tenant_id, commit, time) WITH (autosummarize = on, pages_per_range = 64);
        CREATE TABLE public.telemetry_origins(tenant_id text COLLATE "C" NOT NULL, commit bigint NOT NULL, first integer NOT NULL, count integer NOT NULL, immediate boolean NOT NULL,
            sampled bigint NOT NULL, gateway text COLLATE "C", arrived date NOT NULL, PRIMARY KEY (tenant_id, commit, first));
        CREATE TABLE public.telemetry_windows(tenant_id text COLLATE "C" NOT NULL, commit bigint NOT NULL, row integer NOT NULL, "group" text COLLATE "C" NOT NULL,
            site text COLLATE "C" NOT NULL, gateway text COLLATE "C" NOT NULL, start bigint NOT NULL, length bigint NOT NULL, revision integer NOT NULL, heard integer NOT NULL,
            members integer NOT NULL, readings bigint NOT NULL, metrics text NOT NULL, PRIMARY KEY (tenant_id, commit, row));
        CREATE INDEX telemetry_windows_start ON public.telemetry_windows (tenant_id, start, "group");
        CREATE TABLE public.telemetry_events(tenant_id text COLLATE "C" NOT NULL, position bigint NOT NULL, time bigint NOT NULL, kind text NOT NULL, device text COLLATE "C",
            gateway text COLLATE "C", detail text NOT NULL, commit bigint NOT NULL, PRIMARY KEY (tenant_id, position));
        CREATE INDEX telemetry_events_commit ON public.telemetry_events (tenant_id, commit);
        CREATE INDEX telemetry_events_device ON public.telemetry_events (tenant_id, device, position);
        CREATE INDEX telemetry_events_gateway ON public.telemetry_events (tenant_id, gateway, position);
        CREATE INDEX telemetry_events_time ON public.telemetry_events (tenant_id, time);
        CREATE TABLE public.telemetry_gaps(tenant_id text COLLATE "C" NOT NULL, position bigint NOT NULL, recorded bigint NOT NULL, source text COLLATE "C" NOT NULL,
            stream text COLLATE "C" NOT NULL, first bigint NOT NULL, last bigint NOT NULL, readings bigint NOT NULL, from_time bigint, to_time bigint, reason text NOT NULL,
            commit bigint NOT NULL, PRIMARY KEY (tenant_id, position));
        CREATE INDEX telemetry_gaps_commit ON public.telemetry_gaps (tenant_id, commit);
        CREATE TABLE public.telemetry_progress(tenant_id text COLLATE "C" NOT NULL, source text COLLATE "C" NOT NULL, stream text COLLATE "C" NOT NULL, used bigint NOT NULL,
            seen text NOT NULL, PRIMARY KEY (tenant_id, source, stream)) WITH (fillfactor = 70);
        CREATE TABLE public.telemetry_dropped(tenant_id text COLLATE "C" PRIMARY KEY, readings bigint NOT NULL, aggregated bigint NOT NULL, windows bigint NOT NULL,
            gaps bigint NOT NULL, lost bigint NOT NULL);
        """,
        """
        CREATE TABLE public.telemetry_usage(tenant_id text COLLATE "C" NOT NULL, hour timestamptz NOT NULL, class text COLLATE "C" NOT NULL, messages_in bigint NOT NULL,
            bytes_in bigint NOT NULL, messages_out bigint NOT NULL, bytes_out bigint NOT NULL, readings bigint NOT NULL, bytes_stored bigint NOT NULL, api_calls bigint NOT NULL,
            devices bigint NOT NULL, connections bigint NOT NULL, storage_bytes bigint NOT NULL, PRIMARY KEY (tenant_id, hour, class)) WITH (fillfactor = 50);
        """,
    ];

    /// <summary>The constraint of a leaf, for a text within quotes.</summary>
    internal static readonly string BoundCheck = $"tenant_is_bound CHECK ((tenant_id = {TenantBinding.Expression.Replace("'", "''", StringComparison.Ordinal)}) IS TRUE) NOT VALID";

    /// <summary>
    /// A leaf is made beside and attached, so that nobody's query waits. Its constraint says IS TRUE, because one that is null (no tenant is bound) would hold; it is not validated, so that <c>pg_dump</c> writes it after the rows, which a restore
    /// could not load otherwise.
    /// </summary>
    private static readonly string CreateLeaves =
        $"""
        CREATE OR REPLACE FUNCTION public.strata_create_leaves(first date, days integer) RETURNS SETOF date
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '5s' SET client_min_messages = 'warning' AS $body$
        DECLARE
            day date;
            leaf text;
        BEGIN
            IF first IS NULL OR days IS NULL OR days NOT BETWEEN 1 AND 8 OR first NOT BETWEEN DATE '2000-01-01' AND DATE '2200-01-01' THEN
                RAISE EXCEPTION 'strata_create_leaves makes 1 to 8 days at once, between the years 2000 and 2200' USING ERRCODE = '22023';
            END IF;
            PERFORM pg_advisory_xact_lock(7521983764510);
            IF (SELECT count(*) FROM pg_inherits WHERE inhparent = 'public.{Readings}'::regclass) + days > {MaxLeaves} THEN
                RAISE EXCEPTION 'there are {MaxLeaves} leaves of {Readings}; retention must drop some first' USING ERRCODE = '54000';
            END IF;
            FOR day IN SELECT first + i FROM generate_series(0, days - 1) i LOOP
                leaf := '{Readings}_' || to_char(day, 'YYYYMMDD');
                CONTINUE WHEN to_regclass('public.' || leaf) IS NOT NULL;
                EXECUTE format('CREATE TABLE public.%I (LIKE public.{Readings} INCLUDING DEFAULTS INCLUDING STORAGE)', leaf);
                EXECUTE format('ALTER TABLE public.%I ALTER COLUMN arrived SET DEFAULT %L', leaf, day);
                EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT {BoundCheck}', leaf);
                EXECUTE format('ALTER TABLE public.{Readings} ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', leaf, day, day + 1);
                EXECUTE format('GRANT INSERT ON public.%I TO {Roles.Node}', leaf);
                IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{Roles.Backup}') THEN
                    EXECUTE format('GRANT SELECT ON public.%I TO {Roles.Backup}', leaf);
                END IF;
                RETURN NEXT day;
            END LOOP;
        END $body$;
        """;

    /// <summary>Drops a day's leaf and nothing else; waits at most two seconds for queries that read it.</summary>
    private const string DropLeaf =
        $"""
        CREATE OR REPLACE FUNCTION public.strata_drop_leaf(day date) RETURNS boolean
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $body$
        DECLARE
            leaf regclass := to_regclass('public.{Readings}_' || to_char(day, 'YYYYMMDD'));
        BEGIN
            IF leaf IS NULL OR NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'public.{Readings}'::regclass AND inhrelid = leaf) THEN
                RETURN false;
            END IF;
            EXECUTE format('DROP TABLE %s', leaf);
            RETURN true;
        END $body$;
        """;

    /// <summary>
    /// Removes the readings of the bound tenant and of no other, a day at a time, and when none are left the rest of it. Returns rows of readings removed, -1 when there was nothing at all. The parent's policy
    /// binds the owner too, so that a slip of this text could not reach further.
    /// </summary>
    private const string RemoveTenant =
        $"""
        CREATE OR REPLACE FUNCTION public.strata_remove_tenant() RETURNS bigint
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '5s' AS $body$
        DECLARE
            bound text := {TenantBinding.Expression};
            day date;
            gone bigint := 0;
            rest bigint := 0;
            name text;
        BEGIN
            IF bound IS NULL THEN
                RAISE EXCEPTION 'no tenant is bound' USING ERRCODE = '22023';
            END IF;
            FOR day IN SELECT to_date(right(c.relname, 8), 'YYYYMMDD') FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'public.{Readings}'::regclass ORDER BY 1 LOOP
                DELETE FROM public.{Readings} WHERE tenant_id = bound AND arrived = day;
                GET DIAGNOSTICS gone = ROW_COUNT;
                IF gone > 0 THEN
                    RETURN gone;
                END IF;
            END LOOP;
            FOREACH name IN ARRAY ARRAY['telemetry_origins', 'telemetry_windows', 'telemetry_events', 'telemetry_gaps', 'telemetry_progress', 'telemetry_dropped', 'telemetry_usage',
                'telemetry_series', 'telemetry_tenants'] LOOP
                EXECUTE format('DELETE FROM public.%I WHERE tenant_id = $1', name) USING bound;
                GET DIAGNOSTICS gone = ROW_COUNT;
                rest := rest + gone;
            END LOOP;
            RETURN CASE WHEN rest > 0 THEN 0 ELSE -1 END;
        END $body$;
        """;

    /// <summary>Removes the readings that arrived on a day, of the bound tenant and of no other; returns rows removed. The parent's policy binds the owner too.</summary>
    private const string TrimLeaf =
        $"""
        CREATE OR REPLACE FUNCTION public.strata_trim_leaf(day date) RETURNS bigint
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '5s' AS $body$
        DECLARE
            bound text := {TenantBinding.Expression};
            gone bigint := 0;
        BEGIN
            IF bound IS NULL OR day IS NULL THEN
                RAISE EXCEPTION 'no tenant is bound, or no day said' USING ERRCODE = '22023';
            END IF;
            DELETE FROM public.{Readings} WHERE tenant_id = bound AND arrived = day;
            GET DIAGNOSTICS gone = ROW_COUNT;
            RETURN gone;
        END $body$;
        """;
}
