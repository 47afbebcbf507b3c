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
                shape.Declare(one.CreateParameter, one.Parameters);
                shape.Fill(one.Parameters, context, row);
                batch.BatchCommands.Add(one);
            }
            await batch.ExecuteNonQueryAsync(cancellationToken);
            return;
        }
        await using var command = new RegistryRows(connection, transaction, context.Tenant).Command(shape.Insert);
        shape.Declare(command.CreateParameter, command.Parameters);
        foreach (var row in rows)
        {
            shape.Fill(command.Parameters, context, row);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
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

        public void Declare(Func<DbParameter> create, DbParameterCollection parameters)
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
