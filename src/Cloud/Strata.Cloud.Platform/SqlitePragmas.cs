using System.Data.Common;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;
using SQLitePCL;

namespace Strata.Cloud.Platform;

/// <summary>Sets what holds per connection, once for each that the pool has.</summary>
internal sealed class SqlitePragmas : DbConnectionInterceptor
{
    /// <summary>
    /// A commit is on the disk before it is reported; what is deleted or replaced is overwritten; who finds another writer looks again within milliseconds, where the library would sleep 150 ms. The write-ahead log goes into the file
    /// when it has 64 MB, not at the library's 4: whoever commits then waits for it, and pages that were written often go once.
    /// </summary>
    public const string Text = "PRAGMA busy_timeout = 10000; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 16000";

    public static readonly SqlitePragmas Instance = new();

    private readonly ConditionalWeakTable<sqlite3, object> set = [];

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData) => Set((SqliteConnection)connection);

    public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        Set((SqliteConnection)connection);
        return Task.CompletedTask;
    }

    /// <summary>For a connection that was opened without a context.</summary>
    public void Set(SqliteConnection connection)
    {
        var handle = connection.Handle!;
        if (set.TryGetValue(handle, out _))
            return;
        using var command = connection.CreateCommand();
        command.CommandText = Text + "; PRAGMA foreign_keys = ON";
        command.ExecuteNonQuery();
        set.AddOrUpdate(handle, this);
    }
}
