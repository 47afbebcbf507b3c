namespace Strata.Postgres;

/// <summary>The roles in the database beside its owner.</summary>
public static class Roles
{
    /// <summary>The node's: signs in, owns nothing, is bound by every policy.</summary>
    public const string Node = "strata_node";

    /// <summary>For backups: sees all tenants (BYPASSRLS), changes nothing, does not sign in until its administrator lets it.</summary>
    public const string Backup = "strata_backup";
}
