using System.Diagnostics;
using Npgsql;
using Strata.Postgres;
using Strata.Postgres.Schema;
using Strata.Telemetry.Postgres;

namespace Strata.Bench.Postgres;

/// <summary>
/// A database for a benchmark: on the server that --server names (a superuser's connection string), or on a cluster of its own in --folder, with the settings that a
/// server comes with (fsync on) but for shared_buffers and max_wal_size.
/// </summary>
internal sealed class BenchDatabase : IAsyncDisposable
{
    private const string Name = "strata_bench";

    private readonly string admin;
    private readonly string? cluster;

    private BenchDatabase(string admin, string? cluster) => (this.admin, this.cluster) = (admin, cluster);

    public string Admin => With("Database", Name);

    public string Node => new NpgsqlConnectionStringBuilder(Admin) { Username = Roles.Node }.ConnectionString;

    private string Owner => new NpgsqlConnectionStringBuilder(Admin) { Username = "strata_owner" }.ConnectionString;

    public static async Task<BenchDatabase> OpenAsync(Arguments arguments)
    {
        BenchDatabase database;
        if (arguments.Text("server", "") is { Length: > 0 } given)
        {
            database = new BenchDatabase(given, null);
        }
        else
        {
            var folder = Path.Combine(Path.GetFullPath(arguments.Required("folder")), "cluster");
            await RunAsync($"mkdir -p '{folder}' && if [ \"$(id -u)\" = 0 ]; then chown postgres '{folder}'; fi");
            await RunAsync($"[ -e '{folder}/data' ] || {AsPostgres} {Binaries}/initdb -D '{folder}/data' -U postgres -A trust -E UTF8 --locale=C --no-instructions >'{folder}/initdb.log'");
            await RunAsync($"{AsPostgres} {Binaries}/pg_ctl -D '{folder}/data' -w -l '{folder}/log' -o \"-c listen_addresses= -c unix_socket_directories='{folder}' -c shared_buffers=512MB -c max_wal_size=4GB\" start >/dev/null </dev/null");
            database = new BenchDatabase($"Host={folder};Username=postgres;Database=postgres", folder);
        }
        await ExecuteAsync(database.admin, "DO $do$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'strata_owner') THEN CREATE ROLE strata_owner LOGIN CREATEROLE; END IF; END $do$");
        await ExecuteAsync(database.admin, $"DROP DATABASE IF EXISTS {Name} WITH (FORCE)");
        await ExecuteAsync(database.admin, $"CREATE DATABASE {Name} OWNER strata_owner TEMPLATE template0 ENCODING 'UTF8'");
        await new DatabaseSchema(new TelemetrySchema()).MigrateAsync(DatabaseAddress.Parse(database.Owner), null, CancellationToken.None);
        return database;
    }

    public static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = await ConnectAsync(connectionString);
#pragma warning disable CA2100 // The benchmark's own text.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    public static async Task<NpgsqlConnection> ConnectAsync(string connectionString)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Options = "-c jit=off" }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    public async Task<string> VersionAsync()
    {
        await using var connection = await ConnectAsync(admin);
        return $"{connection.PostgreSqlVersion}, fsync {(await connection.ListAsync("SELECT current_setting('fsync')", r => r.GetString(0), CancellationToken.None))[0]}";
    }

    public async ValueTask DisposeAsync()
    {
        if (cluster is null)
            await ExecuteAsync(admin, $"DROP DATABASE IF EXISTS {Name} WITH (FORCE)");
        else
            await RunAsync($"{AsPostgres} {Binaries}/pg_ctl -D '{cluster}/data' -m fast stop >/dev/null && rm -rf '{cluster}'");
    }

    private static string AsPostgres => Environment.IsPrivilegedProcess ? "/usr/sbin/runuser -u postgres --" : "";

    private static string Binaries => Directory.GetDirectories("/usr/lib/postgresql").Order().Last() + "/bin";

    private string With(string key, string value) => new NpgsqlConnectionStringBuilder(admin) { [key] = value }.ConnectionString;

    private static async Task RunAsync(string script)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script]) { WorkingDirectory = "/" })!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"'{script}' ended with {process.ExitCode}.");
    }
}
