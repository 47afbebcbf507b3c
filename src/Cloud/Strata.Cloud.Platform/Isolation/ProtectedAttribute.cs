namespace Strata.Cloud.Platform.Isolation;

/// <summary>
/// A secret or a personal field (text or bytes): sealed with the tenant's data key where the tenant has one. Such a column is never in a query's condition, has no length
/// limit in the database, and its table's key is the tenant, or the tenant and one more column.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ProtectedAttribute : Attribute;
