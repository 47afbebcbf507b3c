using System.Security.Claims;

namespace Strata.Cloud.Dashboard;

/// <summary>Where the dashboard finds the node's API, and with what right it asks.</summary>
public sealed class DashboardOptions
{
    /// <summary>The node's own address. Asked once it serves.</summary>
    public Func<Uri> BaseAddress { get; set; } = static () => throw new InvalidOperationException("The dashboard was not told the address of its node.");

    /// <summary>With what right the pages of somebody who is signed in are filled; null when the session has ended.</summary>
    public Func<ClaimsPrincipal, DashboardReader?> Reader { get; set; } = static _ => throw new InvalidOperationException("The dashboard was not told how to ask for its readers.");
}

/// <summary>With what right pages are filled.</summary>
/// <param name="Token">The API token.</param>
/// <param name="Tenant">The tenant that a platform owner acts for; null for the token's own.</param>
public sealed record DashboardReader(string Token, string? Tenant);
