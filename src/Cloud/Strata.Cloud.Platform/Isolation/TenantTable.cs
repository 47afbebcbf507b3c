using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>A row of which there are many and that never changes once written, nor comes before one that was: what was copied need not be copied again.</summary>
/// <param name="column">The property by which rows grow.</param>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class GrowsByAttribute(string column) : Attribute
{
    public string Column => column;
}

/// <summary>A row that belongs to this installation and is not taken to another one with its tenant; it says why.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class OfInstallationAttribute(string reason) : Attribute
{
    public string Reason => reason;
}

/// <param name="Type">As both kinds of database keep it: text, long, int, bool, double, decimal or bytes.</param>
/// <param name="Protected">How it is sealed; null when it is not.</param>
internal sealed record TenantColumn(string Name, Type Type, ProtectedColumn? Protected);

/// <summary>A table of a slice that has rows of tenants, as the slice's model says.</summary>
/// <param name="Key">Columns of the key beside the tenant, in order.</param>
/// <param name="GrowsBy">See <see cref="GrowsByAttribute"/>.</param>
internal sealed record TenantTable(string Name, Type Row, IReadOnlyList<TenantColumn> Columns, IReadOnlyList<string> Key, string? GrowsBy)
{
    /// <summary>Whether the node may only add rows.</summary>
    public bool IsAppendOnly => Row.IsAssignableTo(typeof(IAppendOnlyRow));

    /// <summary>A line by which two programs know whether they mean the same.</summary>
    public string Shape => string.Join(',', Columns.Select(c => $"{c.Name}:{c.Type.Name}"));

    public string Names => string.Join(", ", Columns.Select(c => $"\"{c.Name}\""));

    /// <summary>Adds a row; <c>@p0</c> and so on are its columns in their order.</summary>
    public string Insert => $"INSERT INTO \"{Name}\" ({Names}) VALUES ({string.Join(", ", Columns.Select((_, i) => $"@p{i}"))})";

    /// <summary>The row as the associated data of sealed fields names it.</summary>
    public string RowOf(object?[] row) => ProtectedColumn.Row(row[At(Key.Count > 0 ? Key[0] : "tenant_id")]);

    public int At(string column)
    {
        for (var i = 0; i < Columns.Count; i++)
            if (Columns[i].Name == column)
                return i;
        throw new ArgumentException($"{Name} has no column {column}.", nameof(column));
    }

    public static TenantTable Of(IEntityType entity)
    {
        var sealedColumns = ProtectedColumn.Of(entity).ToDictionary(c => c.Column, StringComparer.Ordinal);
        var columns = entity.GetProperties().Select(p => new TenantColumn(p.GetColumnName(), Kept(p), sealedColumns.GetValueOrDefault(p.GetColumnName()))).OrderBy(c => c.Name, StringComparer.Ordinal).ToList();
        var key = entity.FindPrimaryKey()!.Properties.Where(p => p.Name != nameof(ITenantRow.TenantId)).Select(p => p.GetColumnName()).ToList();
        var grows = entity.ClrType.GetCustomAttributes(typeof(GrowsByAttribute), false).OfType<GrowsByAttribute>().SingleOrDefault();
        return new TenantTable(entity.GetTableName()!, entity.ClrType, columns, key, grows is null ? null : entity.FindProperty(grows.Column)!.GetColumnName());
    }

    private static Type Kept(IProperty property)
    {
        var type = property.GetTypeMapping().Converter?.ProviderClrType ?? property.ClrType;
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type == typeof(string) || type == typeof(long) || type == typeof(int) || type == typeof(bool) || type == typeof(double) || type == typeof(decimal) || type == typeof(byte[])
            ? type
            : throw new InvalidOperationException($"{property.DeclaringType.DisplayName()}.{property.Name} is kept as {type.Name}, which a tenant's rows cannot be copied with: add it to {nameof(TenantTable)}.");
    }
}
