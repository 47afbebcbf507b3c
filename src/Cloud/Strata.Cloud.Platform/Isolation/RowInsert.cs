using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>
/// Adds rows as the context's model says, sealed where they are protected, but beside EF Core's change tracker, which costs a small transaction more than its commit.
/// </summary>
public static class RowInsert
{
    private static readonly ConcurrentDictionary<IEntityType, Shape> Shapes = new();

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
        var shape = Shape.Of(context, rows);
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
        var shape = Shape.Of(context, rows);
        var insert = SqliteStatement.Of(connection, shape.Insert);
        foreach (var row in rows)
            insert.Run(shape.Values(context, row));
    }

    /// <summary>How rows of an entity are written: the table's columns, and where their values are.</summary>
    private sealed class Shape
    {
        private readonly (IProperty Property, ProtectedColumn? Protection)[] columns;

        public Shape(IEntityType entity)
        {
            var table = TenantTable.Of(entity);
            var properties = entity.GetProperties().ToDictionary(p => p.GetColumnName(), StringComparer.Ordinal);
            columns = [.. table.Columns.Select(c => (properties[c.Name], c.Protected))];
            Insert = table.Insert;
        }

        public string Insert { get; }

        public static Shape Of<TRow>(StrataDbContext context, IReadOnlyList<TRow> rows)
            where TRow : class, ITenantRow =>
            rows.Any(r => r.TenantId != context.CurrentTenantId)
                ? throw new InvalidOperationException($"A {typeof(TRow).Name} of another tenant cannot be written here.")
                : Shapes.GetOrAdd(context.Model.FindEntityType(typeof(TRow))!, static entity => new Shape(entity));

        public object?[] Values(StrataDbContext context, ITenantRow row)
        {
            var values = new object?[columns.Length];
            var key = context.Protection?.Keys.Active(context.Tenant);
            for (var i = 0; i < columns.Length; i++)
            {
                var (property, protection) = columns[i];
                var value = Of(row, property);
                if (value is not null && key is not null && protection is not null)
                    value = FieldProtection.Seal(key, context.Tenant, protection, ProtectedColumn.Row(Of(row, protection.Key)), value);
                values[i] = value is not null && property.GetTypeMapping().Converter is { } converter ? converter.ConvertToProvider(value) : value;
            }
            return values;
        }

        private static object? Of(ITenantRow row, IProperty property) => property.GetGetter().GetClrValue(row);
    }
}
