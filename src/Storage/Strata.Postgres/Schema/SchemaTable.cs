namespace Strata.Postgres.Schema;

/// <summary>What a table must be like. Whoever keeps tables says so of each; what the database has beyond is a fault.</summary>
/// <param name="Name">In schema <c>public</c>.</param>
/// <param name="Rights">What the node's role may do: SQL's words, separated by commas; empty for nothing.</param>
public sealed record SchemaTable(string Name, string Rights)
{
    public const string AllRights = "SELECT, INSERT, UPDATE, DELETE";

    /// <summary>Rows are added and read, never changed.</summary>
    public const string AppendOnly = "SELECT, INSERT";

    /// <summary>Why there is no tenant in it; null for a table with <c>tenant_id</c>, whose rows policies keep apart.</summary>
    public string? WithoutTenant { get; init; }

    /// <summary>Tables made at run time as partitions of this one, on which the node's role may INSERT and nothing else.</summary>
    public bool HasLeaves { get; init; }

    /// <summary>Whether the list of tenants is made from it: then its owner may read it unbound (see <see cref="PlatformSql"/>).</summary>
    public bool ListsTenants { get; init; }
}
