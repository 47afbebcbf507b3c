using System.Collections.Concurrent;
using System.Data.Common;
using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Strata.Cloud.Platform;

/// <summary>
/// Lets the contexts' transactions on a file begin one after the other, in the order in which they came: SQLite has one writer, and lets who finds another sleep and look again. A turn ends with its transaction, at the latest when
/// the connection is closed or disposed of. Who does not get one in time begins without, and SQLite says that the file is in use.
/// </summary>
internal sealed class SqliteTurns : DbTransactionInterceptor, IDbConnectionInterceptor
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, SemaphoreSlim> files = new();

    /// <summary>Connections that have the turn; after a commit that failed also one whose transaction is over.</summary>
    private readonly ConditionalWeakTable<DbConnection, SemaphoreSlim> held = [];

    public override InterceptionResult<DbTransaction> TransactionStarting(DbConnection connection, TransactionStartingEventData eventData, InterceptionResult<DbTransaction> result)
    {
        if (!held.TryGetValue(connection, out _) && FileOf(connection) is var file && file.Wait(Longest))
            held.Add(connection, file);
        return result;
    }

    public override async ValueTask<InterceptionResult<DbTransaction>> TransactionStartingAsync(
        DbConnection connection, TransactionStartingEventData eventData, InterceptionResult<DbTransaction> result, CancellationToken cancellationToken = default)
    {
        if (!held.TryGetValue(connection, out _) && FileOf(connection) is var file && await file.WaitAsync(Longest, cancellationToken))
            held.Add(connection, file);
        return result;
    }

    public override void TransactionCommitted(DbTransaction transaction, TransactionEndEventData eventData) => End(eventData.Context!.Database.GetDbConnection());

    public override Task TransactionCommittedAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default) => Ended(eventData.Context!.Database.GetDbConnection());

    public override void TransactionRolledBack(DbTransaction transaction, TransactionEndEventData eventData) => End(eventData.Context!.Database.GetDbConnection());

    public override Task TransactionRolledBackAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default) => Ended(eventData.Context!.Database.GetDbConnection());

    public void ConnectionClosed(DbConnection connection, ConnectionEndEventData eventData) => End(connection);

    public Task ConnectionClosedAsync(DbConnection connection, ConnectionEndEventData eventData) => Ended(connection);

    public void ConnectionDisposed(DbConnection connection, ConnectionEndEventData eventData) => End(connection);

    public Task ConnectionDisposedAsync(DbConnection connection, ConnectionEndEventData eventData) => Ended(connection);

    private SemaphoreSlim FileOf(DbConnection connection) => files.GetOrAdd(connection.ConnectionString, static _ => new SemaphoreSlim(1, 1));

    private Task Ended(DbConnection connection)
    {
        End(connection);
        return Task.CompletedTask;
    }

    private void End(DbConnection connection)
    {
        if (!held.TryGetValue(connection, out var file))
            return;
        held.Remove(connection);
        file.Release();
    }
}
