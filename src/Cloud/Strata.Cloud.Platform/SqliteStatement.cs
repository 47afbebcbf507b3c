using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Strata.Cloud.Platform;

/// <summary>
/// A statement that writes a row, prepared once for each connection that the pool has: preparing it takes longer than running it, and small transactions are many. It runs in the connection's transaction.
/// </summary>
public sealed class SqliteStatement
{
    /// <summary>By connection, not by the object that has it for a while.</summary>
    private static readonly ConditionalWeakTable<sqlite3, OfConnection> Prepared = [];

    private readonly sqlite3 connection;
    private readonly sqlite3_stmt statement;

    private SqliteStatement(sqlite3 connection, string sql)
    {
        this.connection = connection;
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v3(connection, sql, raw.SQLITE_PREPARE_PERSISTENT, out statement), connection);
    }

    /// <summary>The statement for a connection that is open.</summary>
    /// <param name="sql">One of few: constant text, or made of a model.</param>
    /// <exception cref="SqliteException">It is none.</exception>
    public static SqliteStatement Of(SqliteConnection connection, string sql)
    {
        if (!Prepared.TryGetValue(connection.Handle!, out var known))
            known = Prepared.GetValue(connection.Handle!, _ => new OfConnection(connection.ConnectionString));
        lock (known)
        {
            if (!known.Statements.TryGetValue(sql, out var statement))
                known.Statements.Add(sql, statement = new SqliteStatement(connection.Handle!, sql));
            return statement;
        }
    }

    /// <summary>Lets go of all statements of a place, whose connections close then when the pool lets go of them. Nothing runs there any more.</summary>
    internal static void Release(string connectionString)
    {
        foreach (var (_, known) in Prepared.Where(p => p.Value.ConnectionString == connectionString).ToList())
        {
            lock (known)
            {
                foreach (var statement in known.Statements.Values)
                    statement.statement.Dispose();
                known.Statements.Clear();
            }
        }
    }

    /// <summary>Runs it with its parameters' values in their order: text, numbers, true or false, bytes, null.</summary>
    /// <exception cref="SqliteException">It could not be written.</exception>
    /// <exception cref="ArgumentException">A value of another type.</exception>
    public void Run(params ReadOnlySpan<object?> values)
    {
        try
        {
            for (var i = 0; i < values.Length; i++)
                SqliteException.ThrowExceptionForRC(Bind(i + 1, values[i]), connection);
            if (raw.sqlite3_step(statement) is not raw.SQLITE_DONE and var code)
                SqliteException.ThrowExceptionForRC(code, connection);
        }
        finally
        {
            raw.sqlite3_reset(statement);
            raw.sqlite3_clear_bindings(statement);
        }
    }

    private int Bind(int at, object? value) => value switch
    {
        null or DBNull => raw.sqlite3_bind_null(statement, at),
        string text => BindText(at, text),
        long number => raw.sqlite3_bind_int64(statement, at, number),
        int number => raw.sqlite3_bind_int(statement, at, number),
        bool flag => raw.sqlite3_bind_int(statement, at, flag ? 1 : 0),
        double number => raw.sqlite3_bind_double(statement, at, number),
        byte[] bytes => raw.sqlite3_bind_blob(statement, at, bytes),
        _ => throw new ArgumentException($"A {value.GetType().Name} is not bound to a statement.", nameof(value)),
    };

    private int BindText(int at, string text)
    {
        const int most = 512;
        if (text.Length > most / 3)
            return raw.sqlite3_bind_text(statement, at, text);
        Span<byte> utf8 = stackalloc byte[most];
        return raw.sqlite3_bind_text(statement, at, (ReadOnlySpan<byte>)utf8[..Encoding.UTF8.GetBytes(text, utf8)]);
    }

    private sealed class OfConnection(string connectionString)
    {
        public string ConnectionString => connectionString;

        public Dictionary<string, SqliteStatement> Statements { get; } = new(StringComparer.Ordinal);
    }
}
