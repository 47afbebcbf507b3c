using Npgsql;

namespace Strata.Postgres.Schema;

/// <summary>Whether the roles have no more than they need.</summary>
internal static class RoleCheck
{
    public static async Task<SchemaFinding> NodeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var faults = await connection.ListAsync(
            """
            SELECT fault FROM pg_roles r, LATERAL (VALUES
                (r.rolsuper, 'it is a superuser'), (r.rolbypassrls, 'it passes by policies (BYPASSRLS)'), (r.rolcreaterole, 'it may make roles'),
                (r.rolcreatedb, 'it may make databases'), (r.rolreplication, 'it may replicate'), (NOT r.rolcanlogin, 'it may not sign in'),
                (EXISTS (SELECT FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype = 'o'), 'it owns something'),
                (EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid), 'it is a member of another role'),
                (EXISTS (SELECT FROM pg_db_role_setting s, unnest(s.setconfig) c WHERE s.setrole IN (0, r.oid) AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
                    AND (lower(c) LIKE 'strata.%' OR lower(c) LIKE 'row\_security=%')), 'its sessions begin with strata.tenant or row_security set (ALTER ROLE ... RESET)'),
                (has_schema_privilege(r.oid, 'public', 'CREATE'), 'it may make tables in schema public'),
                (has_database_privilege(r.oid, current_database(), 'CREATE'), 'it may make schemas')) f(holds, fault)
            WHERE r.rolname = $1 AND f.holds
            """, r => r.GetString(0), cancellationToken, Roles.Node);
        if (!await RoleSetup.ExistsAsync(connection, Roles.Node, cancellationToken))
            faults.Add("there is no such role");
        return faults.Count > 0
            ? new SchemaFinding($"role {Roles.Node}", true, string.Join("; ", faults))
            : new SchemaFinding($"role {Roles.Node}", false, "owns nothing, passes by no policy, is a member of no role");
    }

    /// <summary>That there is none is no fault: backups may be taken otherwise.</summary>
    public static async Task<SchemaFinding> BackupAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var faults = await connection.ListAsync(
            """
            SELECT fault FROM pg_roles r, LATERAL (VALUES
                (r.rolsuper, 'it is a superuser'), (NOT r.rolbypassrls, 'it does not see all tenants (BYPASSRLS), so backups would lack rows'),
                (r.rolcreaterole, 'it may make roles')) f(holds, fault)
            WHERE r.rolname = $1 AND f.holds
            """, r => r.GetString(0), cancellationToken, Roles.Backup);
        return faults.Count > 0
            ? new SchemaFinding($"role {Roles.Backup}", true, string.Join("; ", faults))
            : new SchemaFinding($"role {Roles.Backup}", false,
                await RoleSetup.ExistsAsync(connection, Roles.Backup, cancellationToken) ? "sees all tenants, changes nothing" : "is not there; a superuser can make it: CREATE ROLE strata_backup BYPASSRLS");
    }
}
