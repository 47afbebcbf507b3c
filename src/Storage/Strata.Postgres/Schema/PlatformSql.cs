namespace Strata.Postgres.Schema;

/// <summary>
/// The one way to ask beyond a tenant: the list of tenants, by a function of the owner's that writes down who asked and what for. Everything else is asked
/// tenant by tenant.
/// </summary>
public sealed class PlatformSql : ISchemaPart
{
    public const string Reads = "strata_platform_reads";

    /// <summary>What the function keeps of its own record.</summary>
    public const int ReadsKept = 10_000;

    public string Name => "platform";

    public IReadOnlyList<SchemaTable> Tables { get; } = [new(Reads, "") { WithoutTenant = "says who asked for the list of tenants; only the function writes it" }];

    public IReadOnlyList<string> Functions { get; } = ["strata_list_tenants(text, text)"];

    public async Task<SchemaVersion> VersionAsync(Npgsql.NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new Npgsql.NpgsqlCommand($"SELECT to_regclass('public.{Reads}') IS NOT NULL", connection);
        var there = await command.ExecuteScalarAsync(cancellationToken) is true;
        return new SchemaVersion(Name, there ? "1" : "", "1", there ? SchemaState.Current : SchemaState.Missing);
    }

    public async Task MigrateAsync(DatabaseAddress owner, Npgsql.NpgsqlConnection connection, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // Constant text of this class.
        await using var command = new Npgsql.NpgsqlCommand(Text, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static readonly string Text =
        $"""
        CREATE TABLE IF NOT EXISTS public.{Reads}(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL, role text NOT NULL, address inet,
            what text NOT NULL, purpose text NOT NULL);
        CREATE OR REPLACE FUNCTION public.strata_list_tenants(what text, purpose text) RETURNS SETOF text
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $body$
        BEGIN
            INSERT INTO public.{Reads}(at, role, address, what, purpose) VALUES (clock_timestamp(), session_user, inet_client_addr(), left(what, 40), left(purpose, 200));
            DELETE FROM public.{Reads} r WHERE r.id <= (SELECT max(x.id) FROM public.{Reads} x) - {ReadsKept};
            IF what = 'registry' THEN
                RETURN QUERY SELECT t.tenant_id::text FROM public.tenants t ORDER BY 1;
            ELSIF what = 'telemetry' THEN
                RETURN QUERY SELECT t.tenant_id::text FROM public.telemetry_tenants t ORDER BY 1;
            ELSE
                RAISE EXCEPTION 'strata_list_tenants lists registry or telemetry, not %', what USING ERRCODE = '22023';
            END IF;
        END $body$;
        REVOKE ALL ON FUNCTION public.strata_list_tenants(text, text) FROM PUBLIC;
        """;
}
