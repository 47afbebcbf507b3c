using Strata.Postgres;

namespace Strata.Telemetry.Postgres;

/// <summary>The function by which one device's readings go, with their bytes.</summary>
internal static class EraseSql
{
    /// <summary>
    /// Removes the readings of one device of the bound tenant, a day at a time, and when none are left its names. Returns rows removed, -1 when none were left. A deleted row would lie in the day's files
    /// until the server uses its place, so the leaf gets new files, with the rows that stay: other tenants' too, which go to a table beside and back as they are, without the check that binds who writes. Only this leaf is
    /// locked: one that reads has the parent already, and waits for it.
    /// </summary>
    public static readonly string EraseDevice =
        $"""
        CREATE OR REPLACE FUNCTION public.strata_erase_device(name text) RETURNS bigint
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '5s' SET client_min_messages = 'warning' AS $body$
        DECLARE
            bound text := {TenantBinding.Expression};
            numbers integer[];
            day date;
            leaf text;
            gone bigint := 0;
            counted bigint := 0;
        BEGIN
            IF bound IS NULL OR name IS NULL THEN
                RAISE EXCEPTION 'no tenant is bound, or no device said' USING ERRCODE = '22023';
            END IF;
            numbers := ARRAY(SELECT s.series FROM public.telemetry_series s WHERE s.tenant_id = bound AND s.device = name);
            SELECT min(r.arrived) INTO day FROM public.{TelemetrySchema.Readings} r WHERE r.tenant_id = bound AND r.series = ANY (numbers);
            IF day IS NULL THEN
                DELETE FROM public.telemetry_series s WHERE s.tenant_id = bound AND s.device = name;
                RETURN -1;
            END IF;
            leaf := '{TelemetrySchema.Readings}_' || to_char(day, 'YYYYMMDD');
            EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', leaf);
            SELECT count(*), count(DISTINCT (x.series, x.time)) FILTER (WHERE NOT EXISTS (
                    SELECT FROM public.{TelemetrySchema.Readings} y WHERE y.tenant_id = bound AND y.series = x.series AND y.time = x.time AND y.arrived <> day))
                INTO gone, counted FROM public.{TelemetrySchema.Readings} x WHERE x.tenant_id = bound AND x.series = ANY (numbers) AND x.arrived = day;
            EXECUTE format('CREATE TEMP TABLE strata_rest ON COMMIT DROP AS SELECT * FROM public.%I r WHERE NOT (r.tenant_id = $1 AND r.series = ANY ($2))', leaf) USING bound, numbers;
            EXECUTE format('TRUNCATE public.%I', leaf);
            EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT tenant_is_bound', leaf);
            EXECUTE format('INSERT INTO public.%I SELECT * FROM pg_temp.strata_rest ORDER BY tenant_id, commit, series, row', leaf);
            EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT {TelemetrySchema.BoundCheck}', leaf);
            INSERT INTO public.telemetry_dropped AS d (tenant_id, readings, aggregated, windows, gaps, lost) VALUES (bound, counted, 0, 0, 0, 0)
                ON CONFLICT (tenant_id) DO UPDATE SET readings = d.readings + excluded.readings;
            RETURN gone;
        END $body$;
        """;
}
