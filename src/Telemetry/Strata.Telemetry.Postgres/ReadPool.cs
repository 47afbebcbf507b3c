using Npgsql;
using Strata.Core.Tenancy;
using Strata.Postgres;

namespace Strata.Telemetry.Postgres;

/// <summary>Connections for queries, at most so many at once. Each query is a transaction of its own, bound to its tenant. Any thread.</summary>
internal sealed class ReadPool : IAsyncDisposable
{
    private readonly NpgsqlDataSource source;
    private readonly PostgresTelemetryOptions options;
    private readonly SemaphoreSlim places;

    public ReadPool(DatabaseAddress database, PostgresTelemetryOptions options)
    {
        this.options = options;
        places = new SemaphoreSlim(options.MaxReaders);
        source = NpgsqlDataSource.Create(database.With(c =>
        {
            c.ApplicationName = "strata-reader";
            c.MaxPoolSize = options.MaxReaders;
            c.CommandTimeout = (int)options.ReadTimeout.TotalSeconds;
            // Compiling a query costs more than most of ours take.
            c.Options = "-c jit=off";
        }));
    }

    /// <summary>Hears of every query; for the test of their plans.</summary>
    internal Action<string, object[]>? Asked { get; set; }

    /// <summary>What is asked in place of a query; for the test that policies hold without the queries' own conditions.</summary>
    internal Func<string, string>? Rewrite { get; set; }

    /// <summary>Runs a query for a tenant and makes something of each row.</summary>
    /// <exception cref="TelemetryStoreException">It failed; the message says why.</exception>
    public async Task<List<T>> ListAsync<T>(TenantId tenant, string sql, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken, params object[] values)
    {
        var rows = new List<T>();
        await RunAsync(tenant, [(sql, values)], (_, reader) => rows.Add(row(reader)), cancellationToken);
        return rows;
    }

    /// <summary>Runs several queries on the same state of the store.</summary>
    /// <param name="row">Gets the query's index with each of its rows.</param>
    public async Task RunAsync(TenantId tenant, IReadOnlyList<(string Sql, object[] Values)> queries, Action<int, NpgsqlDataReader> row, CancellationToken cancellationToken)
    {
        await places.WaitAsync(cancellationToken);
        try
        {
            for (var attempt = 0; ; attempt++)
            {
                var began = false;
                try
                {
                    await OnceAsync(tenant, queries, (i, r) =>
                    {
                        began = true;
                        row(i, r);
                    }, cancellationToken);
                    return;
                }
                catch (NpgsqlException e) when (attempt == 0 && !began && e is not PostgresException && e.InnerException is not TimeoutException)
                {
                    // A pooled connection that the server has ended meanwhile: once more, on a new one.
                    source.Clear();
                }
            }
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException or TimeoutException or System.Net.Sockets.SocketException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new TelemetryStoreException(
                e.InnerException is TimeoutException || e is PostgresException { SqlState: PostgresErrorCodes.QueryCanceled }
                    ? $"The query took longer than {options.ReadTimeout.TotalSeconds:0.#} s; ask for a shorter range or fewer devices."
                    : $"The telemetry database could not answer: {(e as PostgresException)?.MessageText ?? e.InnerException?.Message ?? e.Message}", e);
        }
        finally
        {
            places.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await source.DisposeAsync();
        places.Dispose();
    }

    private async Task OnceAsync(TenantId tenant, IReadOnlyList<(string Sql, object[] Values)> queries, Action<int, NpgsqlDataReader> row, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = queries.Count > 1 ? await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken) : null;
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { TenantBinding.Command(tenant) } };
        foreach (var (sql, values) in queries)
        {
            var command = new NpgsqlBatchCommand(Rewrite is { } rewrite ? rewrite(sql) : sql);
            foreach (var value in values)
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            batch.BatchCommands.Add(command);
            Asked?.Invoke(sql, values);
        }
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        for (var i = 0; i < queries.Count; i++)
        {
            await reader.NextResultAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                row(i, reader);
        }
    }
}
