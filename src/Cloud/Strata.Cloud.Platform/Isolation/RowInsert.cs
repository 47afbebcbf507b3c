using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>
/// Adds rows as the context's model says, sealed where they are protected, but beside EF Core's change tracker, which costs a small transaction more than its commit. In the context's transaction: by one statement that is prepared
/// once, or where the database is asked over a connection in one message.
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
        if (rows.FirstOrDefault(r => r.TenantId != context.CurrentTenantId) is not null)
            throw new InvalidOperationException($"A {typeof(TRow).Name} of another tenant cannot be written here.");
        var shape = Shapes.GetOrAdd(context.Model.FindEntityType(typeof(TRow))!, static entity => new Shape(entity));
        var (connection, transaction) = (context.Database.GetDbConnection(), context.Database.CurrentTransaction!.GetDbTransaction());
        await using var command = connection.CreateCommand();
        shape.Prepare(command.CreateParameter, command.Parameters);
        if (connection.CanCreateBatch)
        {
            await using var batch = connection.CreateBatch();
            batch.Transaction = transaction;
            foreach (var row in rows)
            {
                var one = batch.CreateBatchCommand();
                one.CommandText = shape.Sql;
                shape.Prepare(command.CreateParameter, one.Parameters);
                shape.Fill(one.Parameters, context, row);
                batch.BatchCommands.Add(one);
            }
            await batch.ExecuteNonQueryAsync(cancellationToken);
            return;
        }
        command.Transaction = transaction;
#pragma warning disable CA2100 // Names of the model's tables and columns; values are parameters.
        command.CommandText = shape.Sql;
#pragma warning restore CA2100
        foreach (var row in rows)
        {
            shape.Fill(command.Parameters, context, row);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>How rows of an entity are written.</summary>
    private sealed class Shape
    {
        private readonly (IProperty Property, ProtectedColumn? Protection)[] columns;

        public Shape(IEntityType entity)
        {
            var sealedColumns = ProtectedColumn.Of(entity).ToDictionary(c => c.Property);
            columns = [.. entity.GetProperties().Select(p => (p, sealedColumns.GetValueOrDefault(p)))];
            Sql = $"INSERT INTO \"{entity.GetTableName()}\" ({string.Join(", ", columns.Select(c => $"\"{c.Property.GetColumnName()}\""))}) VALUES ({string.Join(", ", columns.Select((_, i) => $"@p{i}"))})";
        }

        public string Sql { get; }

        public void Prepare(Func<DbParameter> create, DbParameterCollection parameters)
        {
            for (var i = 0; i < columns.Length; i++)
            {
                var parameter = create();
                parameter.ParameterName = $"@p{i}";
                parameters.Add(parameter);
            }
        }

        public void Fill(DbParameterCollection parameters, StrataDbContext context, ITenantRow row)
        {
            var key = context.Protection?.Keys.Active(context.Tenant);
            for (var i = 0; i < columns.Length; i++)
            {
                var (property, protection) = columns[i];
                var value = Of(row, property);
                if (value is not null && key is not null && protection is not null)
                    value = FieldProtection.Seal(key, context.Tenant, protection, ProtectedColumn.Row(Of(row, protection.Key)), value);
                parameters[i].Value = value is null ? DBNull.Value : property.GetTypeMapping().Converter is { } converter ? converter.ConvertToProvider(value) : value;
            }
        }

        private static object? Of(ITenantRow row, IProperty property) => property.GetGetter().GetClrValue(row);
    }
}
