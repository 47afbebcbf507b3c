using Npgsql;

namespace Strata.Postgres.Schema;

/// <summary>
/// Whether the database keeps tenants apart as it should: every table with <c>tenant_id</c> has row-level security enabled and forced with the expected policies and
/// nothing besides, every table without it is one of the named ones, the node's role owns and may nothing more than it needs. A table that is known to
/// nobody is a fault too.
/// </summary>
internal sealed class SchemaVerifier(IReadOnlyList<ISchemaPart> parts)
{
    private static readonly string Bound = Normal($"tenant_id = {TenantBinding.Expression}");
    private static readonly string Isolation = $"{PolicySql.Policy}|ALL|PERMISSIVE|{{public}}|{Bound}|{Bound}";
    private static readonly string Listing = $"{PolicySql.ListPolicy}|SELECT|PERMISSIVE|owner|true";

    private readonly Dictionary<string, SchemaTable> wanted = parts.SelectMany(p => p.Tables).DistinctBy(t => t.Name).ToDictionary(t => t.Name);

    public async Task<IReadOnlyList<SchemaFinding>> RunAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var found = await FoundTable.ListAsync(connection, cancellationToken);
        var findings = found.Where(t => t.InPublic || t.NodeRights.Length > 0 || t.NodeReadsColumns).Select(Judge).ToList();
        findings.AddRange(wanted.Keys.Except(found.Select(t => t.Name)).Select(t => new SchemaFinding(t, true, "the table is missing")));
        findings.Add(await RoleCheck.NodeAsync(connection, cancellationToken));
        findings.Add(await RoleCheck.BackupAsync(connection, cancellationToken));
        findings.AddRange(await FunctionCheck.RunAsync(connection, [.. parts.SelectMany(p => p.Functions)], cancellationToken));
        return findings;
    }

    private SchemaFinding Judge(FoundTable table)
    {
        var faults = new List<string>();
        var summary = table switch
        {
            { Kind: not ("r" or "p") } => Unknown(faults, "a view or foreign table, which policies do not reach"),
            { Parent: { } parent } when wanted.TryGetValue(parent, out var whole) && whole.HasLeaves => Leaf(table, faults),
            { HasTenant: true } => Isolated(table, faults),
            _ => Named(table, faults),
        };
        if (table.Owner == Roles.Node)
            faults.Add($"it is owned by {Roles.Node}, which could switch its policies off");
        if (table.PublicHasRights)
            faults.Add("every role has rights on it (PUBLIC)");
        if (table.BackupRights.Length > 0)
            faults.Add($"{Roles.Backup} may {string.Join(", ", table.BackupRights)}");
        return faults.Count > 0 ? new SchemaFinding(table.Name, true, string.Join("; ", faults)) : new SchemaFinding(table.Name, false, summary);
    }

    private string Isolated(FoundTable table, List<string> faults)
    {
        if (!table.Enabled)
            faults.Add("row-level security is not enabled");
        if (!table.Forced)
            faults.Add("row-level security is not forced on its owner");
        var known = wanted.GetValueOrDefault(table.Name);
        string[] expected = known is { ListsTenants: true } ? [Listing, Isolation] : [Isolation];
        var policies = table.Policies.Select(Normal).ToList();
        var surplus = policies.Except(expected).ToList();
        if (expected.Except(policies).Any())
            faults.Add($"the policy {PolicySql.Policy} is missing or another one{(surplus.Count > 0 ? $" ({surplus[0]})" : "")}");
        else if (surplus.Count > 0)
            faults.Add($"there is a further policy: {surplus[0]}");
        CheckRights(table, known?.Rights ?? SchemaTable.AllRights, faults);
        return "row-level security is enabled and forced, the policy is as expected";
    }

    private static string Leaf(FoundTable table, List<string> faults)
    {
        if (!table.Checks.Select(Normal).Any(c => c == $"CHECK{Bound}ISTRUE" || c == $"CHECK{Bound}ISTRUENOTVALID"))
            faults.Add("the constraint that binds its rows to the transaction's tenant is missing");
        CheckRights(table, "INSERT", faults);
        if (table.NodeReadsColumns)
            faults.Add($"{Roles.Node} may read or change its columns");
        return "a leaf: rows are bound by its constraint and read only through its parent";
    }

    private string Named(FoundTable table, List<string> faults)
    {
        if (!wanted.TryGetValue(table.Name, out var known) || known.WithoutTenant is null)
            return Unknown(faults, "a table without tenant_id that is not one of the named ones");
        CheckRights(table, known.Rights, faults);
        return $"without a tenant: {known.WithoutTenant}";
    }

    private static void CheckRights(FoundTable table, string allowed, List<string> faults)
    {
        var surplus = table.NodeRights.Except(allowed.Split(", ")).ToList();
        if (surplus.Count > 0)
            faults.Add($"{Roles.Node} may {string.Join(", ", surplus)}");
        var lacking = allowed.Split(", ", StringSplitOptions.RemoveEmptyEntries).Except(table.NodeRights).ToList();
        if (lacking.Count > 0)
            faults.Add($"{Roles.Node} may not {string.Join(", ", lacking)}");
    }

    private static string Unknown(List<string> faults, string what)
    {
        faults.Add(what);
        return "";
    }

    /// <summary>Expressions as the catalogue prints them, without what it adds: blanks, brackets, casts to text.</summary>
    private static string Normal(string expression) =>
        string.Concat(expression.Replace("::text", "", StringComparison.Ordinal).Replace("NULLIF", "nullif", StringComparison.Ordinal).Where(c => c is not (' ' or '(' or ')' or '\n')));
}
