using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;
using Strata.Cloud.Platform.Isolation;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Postgres;

namespace Strata.Cloud.Platform;

/// <summary>
/// The registry in PostgreSQL, entered as the node's role. Every transaction, and every query outside of one, is bound to its context's tenant before anything else
/// (<see cref="TenantTransactions"/>, <see cref="TenantCommands"/>); policies of the database do the rest.
/// </summary>
public sealed class RegistryServer : IRegistryDatabase, IAsyncDisposable, IDisposable
{
    private readonly NpgsqlDataSource source;
    private readonly FieldProtection protection;
    private readonly TenantConnections connections;

    /// <param name="maxConnections">Connections at most; who needs one more waits.</param>
    public RegistryServer(DatabaseAddress database, int maxConnections = 10)
    {
        source = NpgsqlDataSource.Create(database.With(c =>
        {
            c.ApplicationName = "strata-registry";
            c.MaxPoolSize = maxConnections;
            c.Options = "-c jit=off";
        }));
        protection = new FieldProtection(Keys);
        connections = new TenantConnections(Gates, _ => null);
    }

    public KeyRing Keys { get; } = new();

    public TenantGates Gates { get; } = new(TimeProvider.System);

    public bool IsApart(TenantId tenant) => false;

    public void Place(TenantId tenant, bool apart)
    {
        if (apart)
            throw new NotSupportedException("A tenant's own database on a server is not supported yet.");
    }

    public Task<Problem?> CannotPlaceAsync(TenantId tenant, CancellationToken cancellationToken) => Task.FromResult<Problem?>(
        new Problem(ProblemKind.Conflict, "Here registry and telemetry are in PostgreSQL, where a database of a tenant's own is not to be had yet; 'encrypted' is.", "level"));

    public Task PrepareOwnAsync(TenantId tenant, CancellationToken cancellationToken) => throw new NotSupportedException("A tenant's own database on a server is not supported yet.");

    public Task RemoveOwnAsync(TenantId tenant, CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task<RegistryRows> OpenRowsAsync(TenantId tenant, RegistryPlace place, bool write, CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken);
        var transaction = await connection.BeginTransactionAsync(write ? System.Data.IsolationLevel.ReadCommitted : System.Data.IsolationLevel.RepeatableRead, cancellationToken);
        await connection.RunAsync(TenantBinding.Statement(tenant), cancellationToken);
        return new RegistryRows(connection, transaction, tenant);
    }

    public async Task<long> ClearSharedAsync(TenantId tenant, TenantTables tables, CancellationToken cancellationToken)
    {
        await using var rows = await OpenRowsAsync(tenant, RegistryPlace.Shared, write: true, cancellationToken);
        long cleared = 0;
        foreach (var table in tables.All.Reverse().Where(t => t.Row != typeof(TenantRow) && !t.IsAppendOnly))
            cleared += await rows.RemoveAsync(table, tables.References[table.Name], cancellationToken);
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
