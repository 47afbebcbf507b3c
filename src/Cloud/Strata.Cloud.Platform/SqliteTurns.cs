using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Strata.Cloud.Platform;

/// <summary>
/// Lets transactions on a file begin one after the other, in the order in which they came: SQLite has one writer, and lets who finds another sleep and look again. A turn ends with its transaction, at the latest when
/// the connection is closed or disposed of. Who does not get one in time begins without, and SQLite says that the file is in use.
/// </summary>
internal sealed class SqliteTurns : DbTransactionInterceptor, IDbConnectionInterceptor
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, SemaphoreSlim> files = new();

    /// <summary>Contexts' connections that have the turn; after a commit that failed also one whose transaction is over. Each leaves with its disposal: a weak table would cost the collector more than the transaction.</summary>
    private readonly ConcurrentDictionary<DbConnection, SemaphoreSlim> held = new(ReferenceEqualityComparer.Instance);

    /// <summary>Waits for the turn on a file, for who begins and ends a transaction without a context. Null where it did not come in time.</summary>
    public async ValueTask<SemaphoreSlim?> TakeAsync(string connectionString, CancellationToken cancellationToken) =>
        FileOf(connectionString) is var file && await file.WaitAsync(Longest, cancellationToken) ? file : null;

    public override InterceptionResult<DbTransaction> TransactionStarting(DbConnection connection, TransactionStartingEventData eventData, InterceptionResult<DbTransaction> result)
    {
        if (!held.ContainsKey(connection) && FileOf(connection.ConnectionString) is var file && file.Wait(Longest))
            held[connection] = file;
        return result;
    }

    public override async ValueTask<InterceptionResult<DbTransaction>> TransactionStartingAsync(
        DbConnection connection, TransactionStartingEventData eventData, InterceptionResult<DbTransaction> result, CancellationToken cancellationToken = default)
    {
        if (!held.ContainsKey(connection) && await TakeAsync(connection.ConnectionString, cancellationToken) is { } file)
            held[connection] = file;
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

    private SemaphoreSlim FileOf(string connectionString) => files.GetOrAdd(connectionString, static _ => new SemaphoreSlim(1, 1));

    private Task Ended(DbConnection connection)
    {
        End(connection);
        return Task.CompletedTask;
    }

    private void End(DbConnection connection)
    {
        if (held.TryRemove(connection, out var file))
            file.Release();
    }
}
