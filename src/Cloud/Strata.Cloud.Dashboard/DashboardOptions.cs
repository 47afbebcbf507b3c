namespace Strata.Cloud.Dashboard;

/// <summary>Where the dashboard finds the node's API, and with what right it asks.</summary>
public sealed class DashboardOptions
{
    /// <summary>The node's own address. Asked once it serves.</summary>
    public Func<Uri> BaseAddress { get; set; } = static () => throw new InvalidOperationException("The dashboard was not told the address of its node.");

    /// <summary>The API token with which the signed-in administrator's pages are filled.</summary>
    public Func<string> Token { get; set; } = static () => throw new InvalidOperationException("The dashboard was not given a token.");
}
