using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Platform;

/// <summary>On whose behalf something is done.</summary>
/// <param name="Actor">Named in audit records: a token's name, a gateway's id, or <see cref="NodeActor"/>.</param>
public readonly record struct Caller(TenantId Tenant, string Actor)
{
    /// <summary>The address that it came from; null for the node itself.</summary>
    public string? Origin { get; init; }

    /// <summary>The actor of what the node does by itself.</summary>
    public const string NodeActor = "node";

    public static Caller Node(TenantId tenant) => new(tenant, NodeActor);

    /// <summary>The authenticated caller of a request.</summary>
    /// <exception cref="InvalidOperationException">Nobody is signed in: the endpoint lacks its policy.</exception>
    public static Caller Of(HttpContext context) => new(context.Tenant(), context.User.FindFirstValue(ClaimTypes.Name) ?? "unnamed") { Origin = context.Connection.RemoteIpAddress?.ToString() };
}
