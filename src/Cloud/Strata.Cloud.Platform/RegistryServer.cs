using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;
using Strata.Cloud.Platform.Isolation;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Postgres;
using Strata.Postgres.Schema;

namespace Strata.Cloud.Platform;

/// <summary>
/// The registry in PostgreSQL, entered as the node's role. Every transaction, and every query outside of one, is bound to its context's tenant before anything else
/// (<see cref="TenantTransactions"/>, <see cref="TenantCommands"/>); policies of the database do the rest.
/// </summary>
public sealed class RegistryServer : IRegistryDatabase, IAsyncDisposable, IDisposable
{
    /// <summary>Connections at most to a tenant's own database.</summary>
    private const int OwnConnections = 4;

    private readonly NpgsqlDataSource source;
    private readonly DatabaseAddress address;
    private readonly ConcurrentDictionary<TenantId, string> own = new();
    private readonly FieldProtection protection;
    private readonly TenantConnections connections;

    /// <param name="maxConnections">Connections at most; who needs one more waits.</param>
    public RegistryServer(DatabaseAddress database, int maxConnections = 10)
    {
        address = database;
        source = NpgsqlDataSource.Create(ConnectionTo(database, maxConnections));
        protection = new FieldProtection(Keys);
        connections = new TenantConnections(Gates, tenant => own.GetValueOrDefault(tenant));
    }

    public KeyRing Keys { get; } = new();

    public RegistryFile? File => null;

    public TenantGates Gates { get; } = new(TimeProvider.System);

    /// <summary>What a tenant's own database must be like; null where tenants have none.</summary>
    public DatabaseSchema? Schema { get; init; }

    public bool IsApart(TenantId tenant) => own.ContainsKey(tenant);

    public void Place(TenantId tenant, bool apart)
    {
        if (apart)
            own[tenant] = ConnectionTo(address.Of(tenant), OwnConnections);
        else
            own.TryRemove(tenant, out _);
    }

    /// <summary>The owner makes it, for the node may make no database.</summary>
    public async Task<Problem?> CannotPlaceAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        try
        {
            await CheckOwnAsync(tenant, cancellationToken);
            return null;
        }
        catch (DatabaseException failure)
        {
            return new Problem(
                ProblemKind.Conflict, $"The tenant's own database is not ready. {failure.Message} The owner makes it: 'strata database migrate --tenant {tenant} --owner \"Host=...;Database={address.Database};Username=strata_owner\"'.",
                "level");
        }
    }

    /// <summary>The tenant's own database was made by the owner; it is as it must be, or this says what is wrong.</summary>
    public Task PrepareOwnAsync(TenantId tenant, CancellationToken cancellationToken) => CheckOwnAsync(tenant, cancellationToken);

    /// <summary>Takes the rows away; the database is its owner's to drop.</summary>
    public async Task RemoveOwnAsync(TenantId tenant, TenantTables tables, CancellationToken cancellationToken)
    {
        await using var rows = await OpenRowsAsync(tenant, RegistryPlace.Own, write: true, cancellationToken);
        // The functions take away what is written once only of a tenant that is gone.
        await RunAsync(rows, "UPDATE tenants SET state = 'Deleted' WHERE tenant_id = @tenant", cancellationToken);
        await ClearAsync(rows, tables, cancellationToken);
        await RunAsync(rows, "DELETE FROM tenants WHERE tenant_id = @tenant", cancellationToken);
        await rows.CommitAsync(cancellationToken);
        using var pool = new NpgsqlConnection(ConnectionTo(address.Of(tenant), OwnConnections));
        NpgsqlConnection.ClearPool(pool);
    }

    public async Task<RegistryRows> OpenRowsAsync(TenantId tenant, RegistryPlace place, bool write, CancellationToken cancellationToken)
    {
        var isOwn = place == RegistryPlace.Own || (place == RegistryPlace.Current && IsApart(tenant));
        var connection = isOwn ? new NpgsqlConnection(ConnectionTo(address.Of(tenant), OwnConnections)) : source.CreateConnection();
        try
        {
            await connection.OpenAsync(cancellationToken);
            var transaction = await connection.BeginTransactionAsync(write ? System.Data.IsolationLevel.ReadCommitted : System.Data.IsolationLevel.RepeatableRead, cancellationToken);
            await connection.RunAsync(TenantBinding.Statement(tenant), cancellationToken);
            return new RegistryRows(connection, transaction, tenant);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public async Task<long> ClearSharedAsync(TenantId tenant, TenantTables tables, CancellationToken cancellationToken)
    {
        await using var rows = await OpenRowsAsync(tenant, RegistryPlace.Shared, write: true, cancellationToken);
        var cleared = await ClearAsync(rows, tables, cancellationToken);
        await rows.CommitAsync(cancellationToken);
        return cleared;
    }

    /// <summary>Nothing: the owner's VACUUM takes dead rows away.</summary>
    public Task ScrubAsync(TenantId tenant, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>What else is between the contexts and the server; for tests, which switch the filters off and listen to what is asked.</summary>
    internal IReadOnlyList<IInterceptor> Interceptors { get; init; } = [];

    public DbContextOptions<TContext> OptionsFor<TContext>(string migrationsTable)
        where TContext : StrataDbContext =>
        new DbContextOptionsBuilder<TContext>()
            .UseNpgsql(source, server => server.MigrationsHistoryTable(migrationsTable))
            .UseSnakeCaseNamingConvention()
            .AddInterceptors(connections, TenantTransactions.Instance, TenantCommands.Instance, protection, FieldOpening.Instance)
            .AddInterceptors(Interceptors)
            .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking)
            .Options;

    public Task MigrateAsync<TContext>(TContext context, string migrationsTable, CancellationToken cancellationToken)
        where TContext : StrataDbContext => Task.CompletedTask;

    public async Task<IReadOnlyList<TenantId>> TenantsAsync(StrataDbContext context, string purpose, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.ListAsync("SELECT strata_list_tenants('registry', $1)", r => TenantId.Parse(r.GetString(0)), cancellationToken, purpose);
    }

    public Problem? Explain(Exception failure)
    {
        for (var e = failure; e is not null; e = e.InnerException)
        {
            if (e is PostgresException { SqlState: PostgresErrorCodes.CharacterNotInRepertoire or PostgresErrorCodes.UntranslatableCharacter })
                return new Problem(ProblemKind.Invalid, "A text holds the character 0 (\\u0000), which the registry cannot keep; send it without.");
            if (e is PostgresException server)
                return Reason(server.SqlState) is { } reason ? Unavailable(reason) : null;
            if (e is NpgsqlException or TimeoutException)
                return Unavailable("its server does not answer");
        }
        return null;
    }

    /// <summary>Whether the server answers, and what it is or why not. A server that hangs does not even take the cancellation of a question: it is left behind.</summary>
    public async Task<(bool Answers, string Detail)> AskAsync(CancellationToken cancellationToken)
    {
        try
        {
            // On a thread of its own, for the driver waits without yielding when it tells a server that hangs to stop.
            return await Task.Run(() => AskServerAsync(cancellationToken), CancellationToken.None).WaitAsync(cancellationToken);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            return (false, $"The database does not answer: {(e is OperationCanceledException ? "no connection within a second" : (e.InnerException?.Message ?? e.Message).TrimEnd('.'))}.");
        }
    }

    private Task CheckOwnAsync(TenantId tenant, CancellationToken cancellationToken) =>
        Schema is { } schema ? schema.CheckAsync(address.Of(tenant), cancellationToken) : throw new DatabaseException("Here tenants have no databases of their own.");

    private static async Task<long> ClearAsync(RegistryRows rows, TenantTables tables, CancellationToken cancellationToken)
    {
        long cleared = 0;
        foreach (var table in tables.All.Reverse().Where(t => t.Row != typeof(TenantRow) && !t.IsAppendOnly))
            cleared += await rows.RemoveAsync(table, tables.References[table.Name], cancellationToken);
        // What is written once the node has no right to take away: functions of the owner's do, of a tenant that is placed elsewhere or is gone.
        foreach (var function in await ((NpgsqlConnection)rows.Connection).ListAsync(
            $"SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND starts_with(proname, '{RegistryFunctions.Prefix}') ORDER BY 1", r => r.GetString(0), cancellationToken))
            await RunAsync(rows, $"SELECT {function}()", cancellationToken);
        return cleared;
    }

    private static async Task RunAsync(RegistryRows rows, string sql, CancellationToken cancellationToken)
    {
        await using var command = sql.Contains('@', StringComparison.Ordinal) ? rows.Command(sql, ("@tenant", rows.Tenant.Value)) : rows.Command(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string ConnectionTo(DatabaseAddress database, int connections) => database.With(c =>
    {
        c.ApplicationName = "strata-registry";
        c.MaxPoolSize = connections;
        c.Options = "-c jit=off";
    });

    private async Task<(bool Answers, string Detail)> AskServerAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await connection.RunAsync("SELECT 1", cancellationToken);
        return (true, $"PostgreSQL {connection.PostgreSqlVersion} at {connection.Host}, database {connection.Database}");
    }

    public void Dispose() => source.Dispose();

    public ValueTask DisposeAsync() => source.DisposeAsync();

    private static string? Reason(string state) => state switch
    {
        PostgresErrorCodes.DiskFull => "the disk of its server is full",
        PostgresErrorCodes.OutOfMemory => "its server is out of memory",
        PostgresErrorCodes.TooManyConnections => "its server has too many connections",
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow => "its server is stopping or starting",
        PostgresErrorCodes.ReadOnlySqlTransaction => "its server takes no changes now (a standby)",
        PostgresErrorCodes.IoError => "the disk of its server reported an error",
        PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.QueryCanceled =>
            "something else held what it needed",
        _ => null,
    };

    private static Problem Unavailable(string reason) =>
        new(ProblemKind.Unavailable, $"The registry cannot write: {reason}. Whether anything was changed is looked up before the next change; see the database's server and try again.");
}
