namespace Strata.Node.Auth;

/// <summary>Names of the authorization policies that a node's endpoints ask for.</summary>
public static class NodePolicies
{
    /// <summary>Anyone with a token of the tenant: reads and live subscriptions.</summary>
    public const string Read = "strata.read";

    /// <summary>An administrator's token.</summary>
    public const string Admin = "strata.admin";
}
