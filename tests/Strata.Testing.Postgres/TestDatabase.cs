using Npgsql;
using Strata.Postgres;
using Strata.Postgres.Schema;

namespace Strata.Testing.Postgres;

/// <summary>A database that goes with the test.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly string admin;
    private readonly string name;

    private TestDatabase(string admin, string name) => (this.admin, this.name) = (admin, name);

    /// <summary>The superuser's connection to this database.</summary>
    public string Admin => With(null);

    public string Owner => With("strata_owner");

    public string Node => With(Roles.Node);

    public string Backup => With(Roles.Backup);

    public static async Task<TestDatabase> CreateAsync(string admin)
    {
        var database = new TestDatabase(admin, $"strata_{Guid.NewGuid():N}"[..20]);
        await ExecuteAsync(admin,
            """
            DO $do$ BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'strata_owner') THEN CREATE ROLE strata_owner LOGIN CREATEROLE; END IF;
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'strata_backup') THEN CREATE ROLE strata_backup LOGIN BYPASSRLS; END IF;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END $do$
            """);
        await ExecuteAsync(admin, $"CREATE DATABASE {database.name} OWNER strata_owner TEMPLATE template0 ENCODING 'UTF8'");
        return database;
    }

    /// <summary>Makes the tables, as <c>strata database migrate</c> does.</summary>
    public async Task<IReadOnlyList<string>> MigrateAsync(params ISchemaPart[] parts) =>
        await new DatabaseSchema(parts).MigrateAsync(DatabaseAddress.Parse(Owner), null, CancellationToken.None);

    public Task ExecuteAsAdminAsync(string sql) => ExecuteAsync(Admin, sql);

    public Task ExecuteAsOwnerAsync(string sql) => ExecuteAsync(Owner, sql);

    public static async Task<int> ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = await OpenAsync(connectionString);
        return await connection.RunAsync(sql, CancellationToken.None);
    }

    public static async Task<NpgsqlConnection> OpenAsync(string connectionString)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    public async ValueTask DisposeAsync() => await ExecuteAsync(admin, $"DROP DATABASE IF EXISTS {name} WITH (FORCE)");

    private string With(string? role)
    {
        var parts = new NpgsqlConnectionStringBuilder(admin) { Database = name };
        if (role is not null)
            parts.Username = role;
        return parts.ConnectionString;
    }
}
