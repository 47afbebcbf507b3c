using Strata.Postgres;

namespace Strata.Cloud.Platform;

/// <summary>Functions of the owner's beside a slice's tables.</summary>
internal static class RegistryFunctions
{
    /// <summary>Before the slice's name.</summary>
    public const string Prefix = "strata_clear_";

    /// <summary>
    /// Takes the bound tenant's rows out of tables in which they are written once, which the node has no right to: only where the tenant is not served from (its own database has them) or is gone. Policies bind the
    /// owner too, so that a slip of this text could not reach further.
    /// </summary>
    public static string Clear(string slice, IEnumerable<string> tables) =>
        $"""
        CREATE OR REPLACE FUNCTION public.{Prefix}{slice}() RETURNS bigint
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $body$
        DECLARE
            bound text := {TenantBinding.Expression};
            gone bigint := 0;
            part bigint;
            name text;
        BEGIN
            IF bound IS NULL THEN
                RAISE EXCEPTION 'no tenant is bound' USING ERRCODE = '22023';
            END IF;
            IF NOT EXISTS (SELECT FROM public.tenants WHERE tenant_id = bound AND state = 'Deleted') AND NOT EXISTS (SELECT FROM public.tenant_placements WHERE tenant_id = bound AND is_apart) THEN
                RAISE EXCEPTION 'the tenant is served from here: what is written once stays' USING ERRCODE = '42501';
            END IF;
            FOREACH name IN ARRAY ARRAY[{string.Join(", ", tables.Select(t => $"'{t}'"))}] LOOP
                EXECUTE format('DELETE FROM public.%I WHERE tenant_id = $1', name) USING bound;
                GET DIAGNOSTICS part = ROW_COUNT;
                gone := gone + part;
            END LOOP;
            RETURN gone;
        END $body$;
        """;
}
