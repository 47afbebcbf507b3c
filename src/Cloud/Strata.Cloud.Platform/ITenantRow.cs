namespace Strata.Cloud.Platform;

/// <summary>A row of the registry. Every row belongs to one tenant, whose id leads the table's key.</summary>
public interface ITenantRow
{
    string TenantId { get; }
}

/// <summary>A row whose every change must be in the audit trail: saving one without an audit record in the same transaction is refused.</summary>
public interface IAuditedRow : ITenantRow;

/// <summary>
/// A row that is written once and never changed or removed: the context refuses it, and in PostgreSQL the node's role has no right to. A migration adds the triggers by
/// which SQLite refuses it too.
/// </summary>
public interface IAppendOnlyRow : IAuditedRow;

/// <summary>
/// A row of the installation, not of one tenant: no filter and no policy applies to its table, so whoever reads it answers for what it shows. Every row that is no
/// <see cref="ITenantRow"/> says so, and why; a test holds the list.
/// </summary>
/// <param name="reason">Why there is no tenant in it, for <c>strata database verify</c>.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class WithoutTenantAttribute(string reason) : Attribute
{
    public string Reason { get; } = reason;
}
