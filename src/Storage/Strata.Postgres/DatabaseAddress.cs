using System.Net.Sockets;
using Npgsql;
using Strata.Core.Tenancy;

namespace Strata.Postgres;

/// <summary>A PostgreSQL database and the role that enters it, by a connection string of Npgsql's (<c>Host=...;Username=...;Database=...</c>).</summary>
public sealed class DatabaseAddress
{
    /// <summary>The oldest server that has what is needed.</summary>
    public const int OldestServer = 15;

    private readonly NpgsqlConnectionStringBuilder parts;

    private DatabaseAddress(NpgsqlConnectionStringBuilder parts) => this.parts = parts;

    /// <summary>The role.</summary>
    public string Role => parts.Username!;

    public string Database => parts.Database!;

    /// <summary>For messages; without the password.</summary>
    public string Name => $"database {Database} at {parts.Host}:{parts.Port} as {Role}";

    /// <summary>Reads a connection string. Required: Host and Username; the database is <c>strata</c> unless given.</summary>
    /// <exception cref="DatabaseException">It is not one; the message says why.</exception>
    public static DatabaseAddress Parse(string text)
    {
        NpgsqlConnectionStringBuilder parts;
        try
        {
            parts = new NpgsqlConnectionStringBuilder(text);
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            throw new DatabaseException($"The database's connection string cannot be read: {e.Message} It takes \"Host=...;Database=...;Username=...\".", e);
        }
        if (string.IsNullOrEmpty(parts.Host) || string.IsNullOrEmpty(parts.Username))
            throw new DatabaseException("The database's connection string needs Host and Username: \"Host=...;Database=...;Username=...\".");
        if (string.IsNullOrEmpty(parts.Database))
            parts.Database = "strata";
        if (!text.Contains("Timeout", StringComparison.OrdinalIgnoreCase))
            parts.Timeout = 5;
        parts.ApplicationName ??= "strata";
        return new DatabaseAddress(parts);
    }

    /// <summary>A connection string with these changes.</summary>
    public string With(Action<NpgsqlConnectionStringBuilder>? change = null)
    {
        var copy = new NpgsqlConnectionStringBuilder(parts.ConnectionString);
        change?.Invoke(copy);
        return copy.ConnectionString;
    }

    /// <summary>
    /// The database of a tenant's own on the same server: this one's name, an underline and the tenant's id; when that is longer than a name may be, the end of it is its digest.
    /// </summary>
    public DatabaseAddress Of(TenantId tenant)
    {
        const int longest = 63, digest = 16;
        var name = $"{Database}_{tenant.Value}";
        if (System.Text.Encoding.UTF8.GetByteCount(name) > longest)
            name = name[..(longest - digest)] + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)))[..digest];
        return new DatabaseAddress(new NpgsqlConnectionStringBuilder(With(c => c.Database = name)));
    }

    /// <summary>Opens a connection of its own, outside of any pool.</summary>
    /// <exception cref="DatabaseException">The server cannot be reached, refuses, or is too old.</exception>
    public async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken, Action<NpgsqlConnectionStringBuilder>? change = null)
    {
        var connection = new NpgsqlConnection(With(c =>
        {
            c.Pooling = false;
            change?.Invoke(c);
        }));
        try
        {
            await connection.OpenAsync(cancellationToken);
        }
        catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException)
        {
            await connection.DisposeAsync();
            throw Explain(e);
        }
        if (connection.PostgreSqlVersion.Major >= OldestServer)
            return connection;
        var version = connection.PostgreSqlVersion;
        await connection.DisposeAsync();
        throw new DatabaseException($"{Name}: the server is PostgreSQL {version}; {OldestServer} or newer is needed.");
    }

    /// <summary>What an operator can mend, as one sentence.</summary>
    public DatabaseException Explain(Exception e) => e switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => new(
            $"{Name}: there is no such database. As a superuser: CREATE DATABASE \"{Database}\" OWNER strata_owner; then run 'strata database migrate'.", e),
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } p => new(
            $"{Name}: the server does not let this role in ({p.MessageText}). Check the user name, the password and pg_hba.conf; 'strata database migrate' makes the node's role.", e),
        PostgresException p => new($"{Name}: {p.MessageText} (SQLSTATE {p.SqlState}).", e),
        _ => new($"{Name}: the server does not answer ({e.InnerException?.Message ?? e.Message}). Start it, or check Host and Port.", e),
    };
}
