namespace Strata.Cloud.Platform;

/// <summary>
/// The registry's tables that hold rows of no tenant, each with the reason. Everything else has <c>tenant_id</c> and is put under its policy; a table that is neither is
/// refused by <c>strata database migrate</c> and by <c>verify</c>.
/// </summary>
internal static class TablesWithoutTenant
{
    public static readonly IReadOnlyDictionary<string, string> Reasons = new Dictionary<string, string>
    {
        ["users"] = "an account may belong to several tenants; what it may do in each is in memberships",
        ["price_plans"] = "prices are the platform's; which plan a tenant has is in plan_assignments",
        ["sessions"] = "a session is an account's, whichever of its tenants it shows",
    };
}
