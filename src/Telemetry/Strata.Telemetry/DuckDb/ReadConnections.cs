using System.Collections.Concurrent;

namespace Strata.Telemetry.DuckDb;

/// <summary>Connections for queries, at most so many at once; closing ends the queries that run. Any thread.</summary>
internal sealed class ReadConnections(string file, TelemetryStoreOptions options) : IAsyncDisposable
{
    private readonly ConcurrentBag<DuckDbConnection> idle = [];
    private readonly SemaphoreSlim places = new(options.MaxReaders);
    private readonly CancellationTokenSource closing = new();

    /// <summary>Runs a query on a pool thread; cancelling interrupts it.</summary>
    /// <exception cref="TelemetryStoreException">The store is being closed or reopened, or the query failed.</exception>
    public async Task<T> RunAsync<T>(Func<DuckDbConnection, T> query, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.ReadTimeout, time);
        using var all = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, closing.Token, cancellationToken);
        try
        {
            await places.WaitAsync(all.Token);
            try
            {
                return await Task.Run(() => Run(query, all.Token), all.Token);
            }
            finally
            {
                places.Release();
            }
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception e) when (closing.IsCancellationRequested)
        {
            throw new TelemetryStoreException("The telemetry store is being reopened; try again.", e);
        }
        catch (Exception e) when (timeout.IsCancellationRequested)
        {
            throw new TelemetryStoreException($"The query took longer than {options.ReadTimeout.TotalSeconds:0.#} s; ask for a shorter range or fewer devices.", e);
        }
        catch (Exception e) when (e is DuckDB.NET.Data.DuckDBException or DuckDbFailure)
        {
            throw new TelemetryStoreException($"The telemetry store could not answer: {e.Message}", e);
        }
    }

    /// <summary>Ends running queries and waits for them.</summary>
    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        for (var i = 0; i < options.MaxReaders; i++)
            await places.WaitAsync();
        foreach (var connection in idle)
            connection.Dispose();
    }

    private T Run<T>(Func<DuckDbConnection, T> query, CancellationToken cancellationToken)
    {
        if (!idle.TryTake(out var connection))
            connection = DuckDbConnection.Open(file, options);
        try
        {
            T result;
            using (cancellationToken.UnsafeRegister(static c => ((DuckDbConnection)c!).Interrupt(), connection))
                result = query(connection);
            idle.Add(connection);
            return result;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
