namespace Strata.Cloud.Platform;

/// <summary>A row of the registry. Every row belongs to one tenant, whose id leads the table's key.</summary>
public interface ITenantRow
{
    string TenantId { get; }
}

/// <summary>A row whose every change must be in the audit trail: saving one without an audit record in the same transaction is refused.</summary>
public interface IAuditedRow : ITenantRow;

/// <summary>
/// A row of the installation, not of one tenant: no filter applies to it, so whoever reads such a table answers for what it shows. The tables:
/// <c>users</c>, <c>second_factors</c> and <c>sessions</c>.
/// </summary>
public interface IPlatformRow;
