using Npgsql;

namespace Strata.Postgres.Schema;

/// <summary>Makes the node's and the backup's roles and gives them their way into the database.</summary>
internal static class RoleSetup
{
    private const string NodeAttributes = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS";

    /// <returns>What the operator should know.</returns>
    /// <exception cref="DatabaseException">A role is missing and the owner may not make it.</exception>
    public static async Task<IReadOnlyList<string>> EnsureAsync(NpgsqlConnection connection, string? nodePassword, CancellationToken cancellationToken)
    {
        var notes = new List<string>();
        var secret = nodePassword is null ? "" : $" PASSWORD '{ScramVerifier.Of(nodePassword)}'";
        if (!await ExistsAsync(connection, Roles.Node, cancellationToken))
        {
            if (!await TryCreateAsync(connection, $"CREATE ROLE {Roles.Node} {NodeAttributes}{secret}", cancellationToken))
                throw new DatabaseException($"There is no role {Roles.Node}, and this owner may not make roles. As a superuser: ALTER ROLE strata_owner CREATEROLE; or CREATE ROLE {Roles.Node} LOGIN PASSWORD '...'; then run this again.");
            if (nodePassword is null)
                notes.Add($"The role {Roles.Node} has no password; give one with --node-password-file unless the server lets it in otherwise (peer, certificate).");
        }
        else if (nodePassword is not null && !await TryCreateAsync(connection, $"ALTER ROLE {Roles.Node}{secret}", cancellationToken))
        {
            notes.Add($"The password of {Roles.Node} was not changed: this owner may not. As a superuser: ALTER ROLE {Roles.Node} PASSWORD '...'.");
        }
        if (!await ExistsAsync(connection, Roles.Backup, cancellationToken)
            && !await TryCreateAsync(connection, $"CREATE ROLE {Roles.Backup} NOLOGIN BYPASSRLS", cancellationToken))
        {
            notes.Add($"There is no role {Roles.Backup} for backups, and this owner may not make one that sees all tenants. As a superuser: CREATE ROLE {Roles.Backup} BYPASSRLS; then run this again.");
        }
        return notes;
    }

    public static async Task GrantAsync(NpgsqlConnection connection, bool hasBackup, CancellationToken cancellationToken)
    {
        var roles = hasBackup ? $"{Roles.Node}, {Roles.Backup}" : Roles.Node;
        await connection.RunAsync(
            $"""
            DO $do$ BEGIN
                IF (SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()) THEN
                    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
                    EXECUTE format('GRANT CONNECT ON DATABASE %I TO {roles}', current_database());
                END IF;
                IF (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = 'public') THEN
                    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
                    GRANT USAGE ON SCHEMA public TO {roles};
                END IF;
            END $do$
            """, cancellationToken);
    }

    public static async Task<bool> ExistsAsync(NpgsqlConnection connection, string role, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", connection) { Parameters = { new() { Value = role } } };
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    private static async Task<bool> TryCreateAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        try
        {
            await connection.RunAsync(sql, cancellationToken);
            return true;
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DuplicateObject or PostgresErrorCodes.UniqueViolation)
        {
            return true; // Another migration of this server made it at the same moment.
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InsufficientPrivilege)
        {
            return false;
        }
    }
}
