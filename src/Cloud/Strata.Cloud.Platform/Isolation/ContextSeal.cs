namespace Strata.Cloud.Platform.Isolation;

/// <summary>Seals protected fields for a slice that writes rows in bulk, beside EF Core's change tracker.</summary>
public static class ContextSeal
{
    /// <summary>The value as it must be written into the context's database; the value itself where nothing is sealed.</summary>
    /// <param name="property">A property of the row with <see cref="ProtectedAttribute"/>.</param>
    /// <param name="key">The row's key beside the tenant.</param>
    public static byte[] Seal<TRow>(StrataDbContext context, string property, string key, byte[] value)
    {
        if (context.Protection?.Keys.Active(context.Tenant) is not { } active)
            return value;
        var column = ProtectedColumn.Of(context.Model.FindEntityType(typeof(TRow))!).Single(c => c.Property.Name == property);
        return (byte[])FieldProtection.Seal(active, context.Tenant, column, key, value);
    }
}
