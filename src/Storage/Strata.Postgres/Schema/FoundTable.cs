using Npgsql;

namespace Strata.Postgres.Schema;

/// <summary>A table as the database's catalogue has it.</summary>
internal sealed record FoundTable(
    string Name, string Kind, bool Enabled, bool Forced, string Owner, bool HasTenant, string? Parent, string[] NodeRights, bool NodeReadsColumns, string[] BackupRights,
    bool PublicHasRights, string[] Policies, string[] Checks, bool InPublic)
{
    private const string Query =
        """
        SELECT CASE WHEN n.nspname = 'public' THEN c.relname::text ELSE n.nspname || '.' || c.relname END, c.relkind::text, c.relrowsecurity, c.relforcerowsecurity,
            pg_get_userbyid(c.relowner)::text,
            EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped),
            (SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = c.oid),
            ARRAY(SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p WHERE r.oid IS NOT NULL AND has_table_privilege(r.oid, c.oid, p)),
            r.oid IS NOT NULL AND (has_any_column_privilege(r.oid, c.oid, 'SELECT') OR has_any_column_privilege(r.oid, c.oid, 'UPDATE')),
            ARRAY(SELECT p FROM unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p WHERE b.oid IS NOT NULL AND has_table_privilege(b.oid, c.oid, p)),
            EXISTS (SELECT FROM aclexplode(c.relacl) x WHERE x.grantee = 0),
            ARRAY(SELECT concat_ws('|', p.policyname, p.cmd, p.permissive, CASE WHEN p.roles = ARRAY[pg_get_userbyid(c.relowner)] THEN 'owner' ELSE p.roles::text END, p.qual, p.with_check)
                FROM pg_policies p WHERE p.schemaname = n.nspname AND p.tablename = c.relname ORDER BY p.policyname),
            ARRAY(SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c'),
            n.nspname = 'public'
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_roles r ON r.rolname = 'strata_node' LEFT JOIN pg_roles b ON b.rolname = 'strata_backup'
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        ORDER BY 1
        """;

    public static Task<List<FoundTable>> ListAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => connection.ListAsync(Query, Read, cancellationToken);

    private static FoundTable Read(NpgsqlDataReader r) => new(
        r.GetString(0), r.GetString(1), r.GetBoolean(2), r.GetBoolean(3), r.GetString(4), r.GetBoolean(5), r.IsDBNull(6) ? null : r.GetString(6),
        r.GetFieldValue<string[]>(7), r.GetBoolean(8), r.GetFieldValue<string[]>(9), r.GetBoolean(10), r.GetFieldValue<string[]>(11), r.GetFieldValue<string[]>(12), r.GetBoolean(13));
}
