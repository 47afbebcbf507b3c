namespace Strata.Postgres.Schema;

/// <summary>The statements that put a table under its policies and give the node's and the backup's roles their rights. Run again they change nothing.</summary>
internal static class PolicySql
{
    public const string Policy = "tenant_isolation";
    public const string ListPolicy = "platform_list";
    public const string LeafCheck = "tenant_is_bound";

    public static string Apply(SchemaTable table, bool hasBackup)
    {
        var sql = table.WithoutTenant is null
            ? $"""
              ALTER TABLE public."{table.Name}" ENABLE ROW LEVEL SECURITY;
              ALTER TABLE public."{table.Name}" FORCE ROW LEVEL SECURITY;
              DROP POLICY IF EXISTS {Policy} ON public."{table.Name}";
              CREATE POLICY {Policy} ON public."{table.Name}" FOR ALL TO PUBLIC USING (tenant_id = {TenantBinding.Expression}) WITH CHECK (tenant_id = {TenantBinding.Expression});

              """
            : "";
        if (table.ListsTenants)
            sql += $"""
                DROP POLICY IF EXISTS {ListPolicy} ON public."{table.Name}";
                CREATE POLICY {ListPolicy} ON public."{table.Name}" FOR SELECT TO CURRENT_USER USING (true);

                """;
        sql += $"""
            REVOKE ALL ON public."{table.Name}" FROM PUBLIC, {Roles.Node};

            """;
        if (table.Rights.Length > 0)
            sql += $"""
                GRANT {table.Rights} ON public."{table.Name}" TO {Roles.Node};

                """;
        if (hasBackup)
            sql += $"""
                REVOKE ALL ON public."{table.Name}" FROM {Roles.Backup};
                GRANT SELECT ON public."{table.Name}" TO {Roles.Backup};

                """;
        return sql;
    }

    /// <summary>While tables change, their owner must see all rows; the node's role stays bound by the policies.</summary>
    public static string Unforce(SchemaTable table) => $"ALTER TABLE IF EXISTS public.\"{table.Name}\" NO FORCE ROW LEVEL SECURITY;";
}
