namespace Strata.Node.Auth;

/// <summary>Names of the authorization policies of a node's API.</summary>
public static class NodePolicies
{
    /// <summary>Anyone with a token of the tenant: reads and live subscriptions.</summary>
    public const string Read = "strata.read";

    /// <summary>An administrator's token.</summary>
    public const string Admin = "strata.admin";

    /// <summary>A gateway with its secret, for what is its own; the endpoint compares the id.</summary>
    public const string Gateway = "strata.gateway";

    /// <summary>A device with its secret, for what is its own; the endpoint compares the id.</summary>
    public const string Device = "strata.device";
}
