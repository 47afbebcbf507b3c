using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>
/// Adds rows as the context's model says, sealed where they are protected, but beside EF Core's change tracker, which costs a small transaction more than its commit.
/// </summary>
public static class RowInsert
{
    /// <summary>In the context's transaction: by a <see cref="SqliteStatement"/>, or where the database is asked over a connection in one message.</summary>
    /// <exception cref="InvalidOperationException">A row of another tenant.</exception>
    public static async Task AddRowsAsync<TRow>(this StrataDbContext context, IReadOnlyList<TRow> rows, CancellationToken cancellationToken)
        where TRow : class, ITenantRow
    {
        if (rows.Count == 0)
            return;
        var connection = context.Database.GetDbConnection();
        if (connection is SqliteConnection file)
        {
            context.AddRows(file, rows);
            return;
        }
        var shape = ShapeOf(context, rows);
        await using var batch = connection.CreateBatch();
        batch.Transaction = context.Database.CurrentTransaction!.GetDbTransaction();
        foreach (var row in rows)
        {
            var one = batch.CreateBatchCommand();
            one.CommandText = shape.Insert;
            foreach (var (at, value) in shape.Values(context, row).Index())
            {
                var parameter = one.CreateParameter();
                (parameter.ParameterName, parameter.Value) = ($"@p{at}", value ?? DBNull.Value);
                one.Parameters.Add(parameter);
            }
            batch.BatchCommands.Add(one);
        }
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>In the transaction of a connection to a file.</summary>
    /// <exception cref="InvalidOperationException">A row of another tenant.</exception>
    public static void AddRows<TRow>(this StrataDbContext context, SqliteConnection connection, IReadOnlyList<TRow> rows)
        where TRow : class, ITenantRow
    {
        if (rows.Count == 0)
            return;
        var shape = ShapeOf(context, rows);
        var insert = SqliteStatement.Of(connection, shape.Insert);
        foreach (var row in rows)
            insert.Run(shape.Values(context, row));
    }

    private static RowShape ShapeOf<TRow>(StrataDbContext context, IReadOnlyList<TRow> rows)
        where TRow : class, ITenantRow =>
        rows.Any(r => r.TenantId != context.CurrentTenantId)
            ? throw new InvalidOperationException($"A {typeof(TRow).Name} of another tenant cannot be written here.")
            : RowShape.Of<TRow>(context);
}
