using System.Data.Common;
using System.Reflection;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Sqlite.Storage.Internal;
using SQLitePCL;
using Strata.Cloud.Platform.Isolation;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform;

/// <summary>
/// The registry's SQLite file: readable by its owner only, write-ahead log, a commit is on the disk before it is reported (<c>synchronous</c>
/// FULL). One process at a time: a lock file next to it is held while this lives.
/// </summary>
public sealed partial class RegistryFile : IRegistryDatabase, IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly FileStream lockFile;
    private readonly FieldProtection protection;
    private readonly TenantConnections connections;
    private readonly SqliteTurns turns = new();

    private RegistryFile(string path, FileStream lockFile)
    {
        Path = path;
        this.lockFile = lockFile;
        ConnectionString = ConnectionTo(path);
        protection = new FieldProtection(Keys);
        connections = new TenantConnections(Gates, tenant => own.GetValueOrDefault(tenant));
    }

    public KeyRing Keys { get; } = new();

    public TenantGates Gates { get; } = new(TimeProvider.System);

    RegistryFile? IRegistryDatabase.File => this;

    public string Path { get; }

    public string ConnectionString { get; }

    /// <summary>Creates the file when it is missing and takes the lock.</summary>
    /// <exception cref="IOException">Another process uses it, or the folder cannot be written.</exception>
    public static RegistryFile Open(RegistryOptions options)
    {
        options.Validate();
        var path = options.DatabasePath;
        var held = Create(path + ".lock", FileShare.None);
        try
        {
            Create(path, FileShare.ReadWrite).Dispose();
            File.SetUnixFileMode(path, OwnerOnly);
            return new RegistryFile(path, held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Options for a slice's context on this file.</summary>
    public DbContextOptions<TContext> OptionsFor<TContext>(string migrationsTable)
        where TContext : StrataDbContext =>
#pragma warning disable EF1001 // See PlainSqliteConnection.
        new DbContextOptionsBuilder<TContext>()
            .UseSqlite(ConnectionString, sqlite => sqlite.MigrationsHistoryTable(migrationsTable).MigrationsAssembly(typeof(TContext).Assembly))
            .UseSnakeCaseNamingConvention()
            .ConfigureWarnings(static w => w.Ignore(RelationalEventId.PendingModelChangesWarning)) // A test says so for every slice; at a first start it took a twentieth of the time.
            .ReplaceService<ISqliteRelationalConnection, PlainSqliteConnection>()
            .AddInterceptors(connections, SqlitePragmas.Instance, turns, protection, FieldOpening.Instance)
            .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking)
            .Options;
#pragma warning restore EF1001

    /// <summary>Brings a slice's tables up to date. Quick when they are: then the migrations machinery is not started.</summary>
    public async Task MigrateAsync<TContext>(TContext context, string migrationsTable, CancellationToken cancellationToken)
        where TContext : StrataDbContext
    {
        await using (var connection = new SqliteConnection(own.GetValueOrDefault(context.Tenant) ?? ConnectionString))
        {
            await connection.OpenAsync(cancellationToken);
            await ExecuteAsync(connection, "PRAGMA journal_mode = WAL", cancellationToken);
            if (await IsCurrentAsync<TContext>(connection, migrationsTable, cancellationToken))
                return;
            // A process killed while migrating leaves its lock row; the lock file says that nobody else is there.
            await ExecuteAsync(connection, "DROP TABLE IF EXISTS \"__EFMigrationsLock\"", cancellationToken);
        }
        await context.Database.MigrateAsync(cancellationToken);
    }

    /// <summary>
    /// Writes rows of a tenant as one transaction by statements that are prepared once (<see cref="SqliteStatement"/>): beside EF Core, whose part of a small transaction is larger than the commit. Through the tenant's gate and in
    /// its turn on the file, as a context does. What throws is taken back.
    /// </summary>
    /// <exception cref="SqliteException">It could not be written.</exception>
    public async Task WriteAsync(TenantId tenant, Action<SqliteConnection> write, CancellationToken cancellationToken)
    {
        await Gates.EnterAsync(tenant, cancellationToken);
        try
        {
            var place = own.GetValueOrDefault(tenant) ?? ConnectionString;
            var turn = await turns.TakeAsync(place, cancellationToken);
            try
            {
                await using var connection = new SqliteConnection(place);
                await connection.OpenAsync(cancellationToken);
                SqlitePragmas.Instance.Set(connection);
                Write(connection, write);
            }
            finally
            {
                turn?.Release();
            }
        }
        finally
        {
            Gates.Leave(tenant);
        }
    }

    private static void Write(SqliteConnection connection, Action<SqliteConnection> write)
    {
        SqliteStatement.Of(connection, "BEGIN IMMEDIATE").Run();
        try
        {
            write(connection);
            SqliteStatement.Of(connection, "COMMIT").Run();
        }
        catch
        {
            // Some errors end the transaction by themselves.
            if (raw.sqlite3_get_autocommit(connection.Handle!) == 0)
                SqliteStatement.Of(connection, "ROLLBACK").Run();
            throw;
        }
    }

    /// <summary>The file is the node's own: nobody else is to be told that it asked.</summary>
    public async Task<IReadOnlyList<TenantId>> TenantsAsync(StrataDbContext context, string purpose, CancellationToken cancellationToken)
    {
        var tenants = await context.Tenants.IgnoreQueryFilters().Select(t => t.TenantId).ToListAsync(cancellationToken);
        return tenants.ConvertAll(TenantId.Parse);
    }

    public Problem? Explain(Exception failure)
    {
        var reason = (failure as SqliteException ?? (failure as DbException ?? failure.InnerException) as SqliteException)?.SqliteErrorCode switch
        {
            5 or 6 => "its file is in use by another program",
            8 => "its file is read-only",
            10 => "the disk reported an error",
            13 => "the disk is full",
            14 => "its file cannot be opened",
            _ => null,
        };
        return reason is null ? null : new Problem(ProblemKind.Unavailable, $"The registry cannot write: {reason}. Nothing was changed; see the node's disk and try again.");
    }

    public void Dispose()
    {
        foreach (var place in own.Values.Append(ConnectionString))
            Close(place);
        lockFile.Dispose();
    }

    /// <summary>Closes the pool's connections to a file.</summary>
    private static void Close(string place)
    {
        SqliteStatement.Release(place);
        using var connection = new SqliteConnection(place);
        SqliteConnection.ClearPool(connection);
    }

    private static FileStream Create(string path, FileShare share) => new(path, new FileStreamOptions
    {
        Mode = FileMode.OpenOrCreate,
        Access = FileAccess.ReadWrite,
        Share = share,
        UnixCreateMode = OwnerOnly,
    });

    private static async Task<bool> IsCurrentAsync<TContext>(SqliteConnection connection, string migrationsTable, CancellationToken cancellationToken)
    {
        var known = typeof(TContext).Assembly.GetTypes()
            .Where(t => t.GetCustomAttribute<DbContextAttribute>()?.ContextType == typeof(TContext))
            .Select(t => t.GetCustomAttribute<MigrationAttribute>()?.Id)
            .Max(StringComparer.Ordinal);
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $name";
        command.Parameters.AddWithValue("$name", migrationsTable);
        if (await command.ExecuteScalarAsync(cancellationToken) is not 1L)
            return false;
#pragma warning disable CA2100 // The table's name is a constant of the slice.
        command.CommandText = $"SELECT max(migration_id) FROM \"{migrationsTable}\"";
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(cancellationToken) is string newest && newest == known;
    }

    private static async Task ExecuteAsync(SqliteConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constant text of this class.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
