using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>A protected column of an entity, and the one column beside the tenant that makes its key; the tenant itself where there is one row of each.</summary>
internal sealed record ProtectedColumn(IProperty Property, string Table, string Column, IProperty Key)
{
    private static readonly ConcurrentDictionary<IEntityType, ProtectedColumn[]> Known = new();

    public bool IsText => Property.ClrType == typeof(string);

    public static ProtectedColumn[] Of(IEntityType entity) => Known.GetOrAdd(entity, Find);

    /// <summary>The row as the associated data names it.</summary>
    public static string Row(object? key) => Convert.ToString(key, CultureInfo.InvariantCulture) ?? "";

    private static ProtectedColumn[] Find(IEntityType entity)
    {
        var table = entity.GetTableName();
        var columns = entity.GetProperties().Where(p => p.PropertyInfo?.GetCustomAttribute<ProtectedAttribute>() is not null).ToList();
        if (table is null || columns.Count == 0)
            return [];
        var keys = entity.FindPrimaryKey()!.Properties.Where(p => p.Name != nameof(ITenantRow.TenantId)).ToList();
        if (keys.Count > 1 || columns.Exists(c => c.ClrType != typeof(string) && c.ClrType != typeof(byte[])) || columns.Exists(c => c.GetMaxLength() is not null))
            throw new InvalidOperationException($"{entity.ClrType.Name} cannot have protected fields as it is; see {nameof(ProtectedAttribute)}.");
        return columns.ConvertAll(c => new ProtectedColumn(c, table, c.GetColumnName(), keys.FirstOrDefault() ?? entity.FindProperty(nameof(ITenantRow.TenantId))!)).ToArray();
    }
}
