using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>How rows of an entity are read and written beside EF Core: the table's columns as the model says, and where their values are.</summary>
internal sealed class RowShape
{
    private static readonly ConcurrentDictionary<IEntityType, RowShape> Known = new();

    private readonly TenantTable table;
    private readonly (IProperty Property, TenantColumn Column)[] columns;

    private RowShape(IEntityType entity)
    {
        table = TenantTable.Of(entity);
        var properties = entity.GetProperties().ToDictionary(p => p.GetColumnName(), StringComparer.Ordinal);
        columns = [.. table.Columns.Select(c => (properties[c.Name], c))];
        (Insert, Select) = (table.Insert, $"SELECT {table.Names} FROM \"{table.Name}\" WHERE tenant_id = @tenant");
    }

    public string Insert { get; }

    /// <summary>All rows of <c>@tenant</c>.</summary>
    public string Select { get; }

    public static RowShape Of<TRow>(StrataDbContext context)
        where TRow : class, ITenantRow =>
        Known.GetOrAdd(context.Model.FindEntityType(typeof(TRow))!, static entity => new RowShape(entity));

    /// <summary>The values as they are kept, in the order of the statement.</summary>
    public object?[] Values(StrataDbContext context, ITenantRow row)
    {
        var values = new object?[columns.Length];
        var key = context.Protection?.Keys.Active(context.Tenant);
        for (var i = 0; i < columns.Length; i++)
        {
            var (property, column) = columns[i];
            var value = Of(row, property);
            if (value is not null && key is not null && column.Protected is { } protection)
                value = FieldProtection.Seal(key, context.Tenant, protection, ProtectedColumn.Row(Of(row, protection.Key)), value);
            values[i] = value is not null && property.GetTypeMapping().Converter is { } converter ? converter.ConvertToProvider(value) : value;
        }
        return values;
    }

    /// <summary>The row at which the reader is, opened where it is sealed.</summary>
    public TRow Read<TRow>(StrataDbContext context, DbDataReader reader)
        where TRow : class, ITenantRow
    {
        var kept = new object?[columns.Length];
        for (var i = 0; i < kept.Length; i++)
            kept[i] = reader.IsDBNull(i) ? null : RegistryRows.Value(reader, i, columns[i].Column.Type);
        var row = Activator.CreateInstance<TRow>();
        for (var i = 0; i < kept.Length; i++)
        {
            var ((property, column), value) = (columns[i], kept[i]);
            if (value is not null && column.Protected is { } protection && context.Protection is { } fields)
                value = FieldProtection.Open(fields.Keys, context.Tenant, protection, table.RowOf(kept), value);
            property.PropertyInfo!.SetValue(row, value is not null && property.GetTypeMapping().Converter is { } converter ? converter.ConvertFromProvider(value) : value);
        }
        return row;
    }

    private static object? Of(ITenantRow row, IProperty property) => property.GetGetter().GetClrValue(row);
}
