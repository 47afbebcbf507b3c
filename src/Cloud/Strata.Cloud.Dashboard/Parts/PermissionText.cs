namespace Strata.Cloud.Dashboard.Parts;

/// <summary>What each permission allows, in a few words.</summary>
internal static class PermissionText
{
    private static readonly Dictionary<string, string> Texts = new(StringComparer.Ordinal)
    {
        ["readings.read"] = "See readings and statistics", ["devices.read"] = "See devices and who was refused", ["devices.write"] = "Change devices",
        ["devices.provision"] = "Register devices, give secrets, take them out", ["sites.read"] = "See places and groups", ["sites.write"] = "Change places and groups",
        ["gateways.read"] = "See gateways", ["gateways.write"] = "Describe gateways and let them join", ["events.read"] = "See events and gaps",
        ["tokens.manage"] = "Manage API tokens", ["users.manage"] = "Manage users", ["roles.manage"] = "Manage roles", ["audit.read"] = "Read the audit trail", ["shares.manage"] = "Share readings with applications", ["views.manage"] = "Make views for roles", ["usage.read"] = "See usage, costs and service levels",
        ["commands.send"] = "Send commands to devices", ["updates.read"] = "See artifacts and rollouts", ["updates.write"] = "Bring artifacts and draft rollouts", ["updates.approve"] = "Approve rollouts of others",
        ["updates.start"] = "Start, pause and roll back rollouts", ["updates.abort"] = "End rollouts",
        ["tenant.manage"] = "Manage the tenant itself", ["node.read"] = "See how the node is", ["platform.manage"] = "Manage tenants and act for any",
    };

    /// <summary>Empty for a permission that this page does not know.</summary>
    public static string Of(string permission) => Texts.GetValueOrDefault(permission, "");
}
