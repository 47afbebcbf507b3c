using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>
/// Adds rows as the context's model says, sealed where they are protected, but beside EF Core's change tracker, which costs a small transaction more than its commit. In the context's transaction: by a <see cref="SqliteStatement"/>, or where
/// the database is asked over a connection in one message.
/// </summary>
public static class RowInsert
{
    private static readonly ConcurrentDictionary<IEntityType, Shape> Shapes = new();

    /// <exception cref="InvalidOperationException">A row of another tenant.</exception>
    public static async Task AddRowsAsync<TRow>(this StrataDbContext context, IReadOnlyList<TRow> rows, CancellationToken cancellationToken)
        where TRow : class, ITenantRow
    {
        if (rows.Count == 0)
            return;
        if (rows.Any(r => r.TenantId != context.CurrentTenantId))
            throw new InvalidOperationException($"A {typeof(TRow).Name} of another tenant cannot be written here.");
        var shape = Shapes.GetOrAdd(context.Model.FindEntityType(typeof(TRow))!, static entity => new Shape(entity));
        var (connection, transaction) = (context.Database.GetDbConnection(), context.Database.CurrentTransaction!.GetDbTransaction());
        if (connection.CanCreateBatch)
        {
            await using var batch = connection.CreateBatch();
            batch.Transaction = transaction;
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
            return;
        }
        var insert = SqliteStatement.Of((SqliteConnection)connection, shape.Insert);
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
