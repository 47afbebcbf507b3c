using Npgsql;
using Strata.Core.Tenancy;

namespace Strata.Postgres;

/// <summary>
/// How a transaction is bound to a tenant: a setting that ends with the transaction and that every policy reads. Without it no row of any tenant is seen or
/// written. Choosing the tenant is the node's privilege, and <see cref="Statement"/> is the only text of the product that does it.
/// </summary>
public static class TenantBinding
{
    /// <summary>The setting's name.</summary>
    public const string Setting = "strata.tenant";

    /// <summary>The bound tenant as policies and constraints read it; null when there is none (after a transaction the setting is '', not null).</summary>
    public const string Expression = $"nullif(current_setting('{Setting}', true), '')";

    /// <summary>
    /// The statement that binds the transaction in which it runs, up to its end. Statements sent together without a transaction are one. An id has no
    /// character that ends a literal; it is escaped all the same.
    /// </summary>
    /// <exception cref="ArgumentException">The id names no tenant.</exception>
    public static string Statement(TenantId tenant) => tenant == default
        ? throw new ArgumentException("No tenant is named: a transaction is bound to one.", nameof(tenant))
        : $"SELECT set_config('{Setting}', '{tenant.Value.Replace("'", "''", StringComparison.Ordinal)}', true)";

    /// <summary>The statement as the first of a batch.</summary>
    public static NpgsqlBatchCommand Command(TenantId tenant) => new(Statement(tenant));
}
