using Npgsql;

namespace Strata.Postgres.Schema;

/// <summary>The whole schema: its parts, brought up to date by the owner, compared and verified by anybody who may read.</summary>
public sealed class DatabaseSchema(params IReadOnlyList<ISchemaPart> parts)
{
    /// <summary>One migration at a time in a database.</summary>
    private const long MigrationLock = 0x537472617461_01;

    public IReadOnlyList<ISchemaPart> Parts { get; } = [new PlatformSql(), .. parts];

    /// <summary>Creates or updates the tables, the policies on them and the roles. Interrupted, it is run again.</summary>
    /// <param name="nodePassword">The password that the node's role gets; null leaves it.</param>
    /// <returns>What the operator should know.</returns>
    /// <exception cref="DatabaseException">It cannot be done; the message says why.</exception>
    public async Task<IReadOnlyList<string>> MigrateAsync(DatabaseAddress owner, string? nodePassword, CancellationToken cancellationToken)
    {
        await using var connection = await owner.OpenAsync(cancellationToken);
        try
        {
            await connection.RunAsync($"SELECT pg_advisory_lock({MigrationLock}); SET client_min_messages = warning; SET lock_timeout = '30s'", cancellationToken);
            if ((await connection.ListAsync("SELECT current_setting('server_encoding')", r => r.GetString(0), cancellationToken))[0] is not "UTF8" and var encoding)
                throw new DatabaseException($"{owner.Name}: its encoding is {encoding}; UTF8 is needed: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0.");
            if ((await StatusAsync(connection, cancellationToken)).FirstOrDefault(v => v.State is SchemaState.Newer) is { } newer)
                throw new DatabaseException($"{owner.Name}: {newer.Part} has version {newer.Found}, this program knows {newer.Wanted}: it was migrated by a newer program; use that one.");
            var notes = await RoleSetup.EnsureAsync(connection, nodePassword, cancellationToken);
            foreach (var table in Parts.SelectMany(p => p.Tables).Where(t => t.WithoutTenant is null))
                await connection.RunAsync(PolicySql.Unforce(table), cancellationToken);
            foreach (var part in Parts)
                await part.MigrateAsync(owner, connection, cancellationToken);
            await SecureAsync(connection, cancellationToken);
            return notes;
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new DatabaseException($"{owner.Name}: {e.MessageText}. The owner must own the database: as a superuser, ALTER DATABASE \"{owner.Database}\" OWNER TO {owner.Role}.", e);
        }
        catch (Exception e) when (e is NpgsqlException)
        {
            throw owner.Explain(e);
        }
    }

    public async Task<IReadOnlyList<SchemaVersion>> StatusAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var versions = new List<SchemaVersion>();
        foreach (var part in Parts)
            versions.Add(await part.VersionAsync(connection, cancellationToken));
        return versions;
    }

    /// <summary>Looks at every table of the database; see <see cref="SchemaVerifier"/>.</summary>
    public Task<IReadOnlyList<SchemaFinding>> VerifyAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        new SchemaVerifier(Parts).RunAsync(connection, cancellationToken);

    /// <summary>What a node asks before it serves: the schema is this program's, and the isolation stands.</summary>
    /// <exception cref="DatabaseException">It is not; the message says what to do.</exception>
    public async Task CheckAsync(DatabaseAddress node, CancellationToken cancellationToken)
    {
        await using var connection = await node.OpenAsync(cancellationToken);
        foreach (var version in await StatusAsync(connection, cancellationToken))
        {
            if (version.State is SchemaState.Newer)
                throw new DatabaseException($"{node.Name}: {version.Part} has version {version.Found}, this program knows {version.Wanted}: it was migrated for a newer program; start that one.");
            if (version.State is not SchemaState.Current)
                throw new DatabaseException(
                    $"{node.Name}: {version.Part} {(version.State is SchemaState.Missing ? "is not there" : $"has version {version.Found}, this program needs {version.Wanted}")}; run 'strata database migrate --owner \"Host=...;Database={node.Database};Username=strata_owner\"'.");
        }
        var faults = (await VerifyAsync(connection, cancellationToken)).Where(f => f.IsFault).ToList();
        if (faults.Count > 0)
            throw new DatabaseException(
                $"{node.Name}: tenants would not be kept apart: {string.Join("; ", faults.Take(3).Select(f => $"{f.Subject}: {f.Detail}"))}{(faults.Count > 3 ? $" and {faults.Count - 3} more" : "")}. 'strata database verify' lists it, 'strata database migrate' mends what it can.");
    }

    private async Task SecureAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var hasBackup = await RoleSetup.ExistsAsync(connection, Roles.Backup, cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await RoleSetup.GrantAsync(connection, hasBackup, cancellationToken);
        foreach (var part in Parts)
        {
            foreach (var table in part.Tables)
                await connection.RunAsync(PolicySql.Apply(table, hasBackup), cancellationToken);
            foreach (var function in part.Functions)
                await connection.RunAsync($"REVOKE ALL ON FUNCTION public.{function} FROM PUBLIC; GRANT EXECUTE ON FUNCTION public.{function} TO {Roles.Node}", cancellationToken);
            foreach (var sequence in part.Sequences)
                await connection.RunAsync($"GRANT SELECT, UPDATE ON SEQUENCE public.{sequence} TO {Roles.Node}", cancellationToken);
        }
        if (hasBackup)
            await connection.RunAsync($"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {Roles.Backup}; GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {Roles.Backup}", cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
