using System.Data;
using DuckDB.NET.Data;
using DuckDB.NET.Native;

namespace Strata.Telemetry.DuckDb;

/// <summary>One connection, used by one thread at a time. Statements are made of constants and numbers of ours; texts are parameters.</summary>
internal sealed class DuckDbConnection : IDisposable
{
    private readonly DuckDBConnection connection;

    private DuckDbConnection(DuckDBConnection connection) => this.connection = connection;

    public static DuckDbConnection Open(string file, TelemetryStoreOptions options)
    {
        // The store checkpoints by itself (see DuckDbSession): a checkpoint that fails within a commit would leave the commit's outcome unknown.
        var settings = new DuckDBConnectionStringBuilder
        {
            DataSource = file,
            MemoryLimit = $"{options.MemoryLimitMiB}MiB",
            Threads = options.Threads,
            CheckpointThreshold = "1000TiB",
            TempDirectory = Path.Combine(options.Folder, "spill"),
            AutoinstallKnownExtensions = false,
            AutoloadKnownExtensions = false,
        };
        var connection = new DuckDBConnection(settings.ConnectionString);
        try
        {
            connection.Open();
            return new DuckDbConnection(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public ColumnAppender Appender(string table, DuckDBType[] columns) => new(connection.NativeConnection, table, columns);

    /// <summary>Runs statements that give no rows; returns the rows that the last one changed.</summary>
    public long Execute(string sql)
    {
        var state = NativeMethods.Query.DuckDBQuery(connection.NativeConnection, sql, out var result);
        var failure = state == DuckDBState.Success
            ? null
            : new DuckDbFailure(NativeMethods.Query.DuckDBResultError(ref result) ?? "DuckDB gave no reason.", NativeMethods.Query.DuckDBResultErrorType(ref result));
        var changed = failure is null ? NativeMethods.Query.DuckDBRowsChanged(ref result) : 0;
        NativeMethods.Query.DuckDBDestroyResult(ref result);
        return failure is null ? changed : throw failure;
    }

    public long Scalar(string sql, params ReadOnlySpan<string?> texts)
    {
        using var command = Command(sql, texts);
        return Convert.ToInt64(command.ExecuteScalar());
    }

    public void Query(string sql, Action<IDataRecord> row, params ReadOnlySpan<string?> texts)
    {
        using var command = Command(sql, texts);
        using var reader = command.ExecuteReader();
        while (reader.Read())
            row(reader);
    }

    /// <summary>Ends a query that another thread runs on this connection.</summary>
    public void Interrupt() => connection.NativeConnection.Interrupt();

    public void Dispose() => connection.Dispose();

    private DuckDBCommand Command(string sql, ReadOnlySpan<string?> texts)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // Built of constants and of numbers that are ours; texts are parameters.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var text in texts)
            command.Parameters.Add(new DuckDBParameter((object?)text ?? DBNull.Value));
        return command;
    }
}
