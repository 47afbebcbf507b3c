using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Strata.Core.Tenancy;

namespace Strata.Node.Auth;

/// <summary>
/// What an endpoint asks of its caller, written at the endpoint: every one has one, which a test holds. The permission is asked before the endpoint runs; where it
/// must hold is decided by the endpoint, on <see cref="CallerTenant.Access"/>.
/// </summary>
/// <param name="Permission">What the caller must hold somewhere; null for the other kinds.</param>
/// <param name="Note">Why nobody need be authenticated, or who speaks for itself.</param>
public sealed record AccessDeclaration(AccessKind Kind, Permission? Permission, string Note);

/// <summary>See <see cref="AccessDeclaration"/>.</summary>
public enum AccessKind
{
    /// <summary>A permission.</summary>
    Permission,

    /// <summary>A device, for what is its own.</summary>
    OwnDevice,

    /// <summary>A gateway, for what is its own.</summary>
    OwnGateway,

    /// <summary>A person who is signed in, for what is its own.</summary>
    OwnSession,

    /// <summary>A person or a program, whatever it may do: for what is its own, and for pages that the API fills.</summary>
    OwnCaller,

    /// <summary>A device, a gateway, a person or a program: what of it each may read, the endpoint decides, and answers with 404 for the rest.</summary>
    Reader,

    /// <summary>Anybody.</summary>
    Open,
}

/// <summary>Declares at endpoints.</summary>
public static class AccessDeclarations
{
    private static readonly AuthorizationPolicy[] ByPermission =
        [.. Permissions.All.Select(p => new AuthorizationPolicyBuilder().RequireAuthenticatedUser().AddRequirements(new PermissionRequirement(p)).Build())];

    /// <summary>The caller holds the permission, somewhere.</summary>
    public static TBuilder Requires<TBuilder>(this TBuilder endpoint, Permission permission)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoint.WithMetadata(new AccessDeclaration(AccessKind.Permission, permission, Permissions.NameOf(permission)));
        return endpoint.RequireAuthorization(ByPermission[(int)permission]);
    }

    /// <summary>Answers also who reads by a share: with the share's metrics alone.</summary>
    public static TBuilder ServesShares<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(SharesServed.Instance);

    /// <summary>The caller is a device, with its secret; the endpoint compares the id.</summary>
    public static TBuilder RequiresDevice<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoint.WithMetadata(new AccessDeclaration(AccessKind.OwnDevice, null, "a device, for itself"));
        return endpoint.RequireAuthorization(policy => policy.RequireRole(StrataIdentity.DeviceRole));
    }

    /// <summary>The caller is a gateway, with its secret; the endpoint compares the id.</summary>
    public static TBuilder RequiresGateway<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoint.WithMetadata(new AccessDeclaration(AccessKind.OwnGateway, null, "a gateway, for itself"));
        return endpoint.RequireAuthorization(policy => policy.RequireRole(StrataIdentity.GatewayRole));
    }

    /// <summary>The caller is a person who is signed in; the endpoint speaks of that one's own account and sessions.</summary>
    public static TBuilder RequiresPerson<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoint.WithMetadata(new AccessDeclaration(AccessKind.OwnSession, null, "a person, for itself"));
        return endpoint.RequireAuthorization(policy => policy.RequireRole(StrataIdentity.PersonRole));
    }

    /// <summary>The caller is a person or a program; the endpoint speaks of the caller itself, or shows what the API answers it.</summary>
    public static TBuilder RequiresCaller<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoint.WithMetadata(new AccessDeclaration(AccessKind.OwnCaller, null, "a person or a program, for itself"));
        return endpoint.RequireAuthorization(policy => policy.RequireRole(StrataIdentity.PersonRole, StrataIdentity.TokenRole, StrataIdentity.NodeRole));
    }

    /// <summary>The caller is anybody who is authenticated; the endpoint decides what is there for it.</summary>
    public static TBuilder RequiresReader<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoint.WithMetadata(new AccessDeclaration(AccessKind.Reader, null, "a device, a gateway, a person or a program, for what it may read"));
        return endpoint.RequireAuthorization(policy => policy.RequireAuthenticatedUser());
    }

    /// <summary>Anybody may call it.</summary>
    /// <param name="why">What makes that right.</param>
    public static TBuilder IsOpen<TBuilder>(this TBuilder endpoint, string why)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoint.WithMetadata(new AccessDeclaration(AccessKind.Open, null, why));
        return endpoint.AllowAnonymous();
    }
}

/// <summary>At endpoints that narrow their answers by <see cref="Principal.Share"/>. All others refuse a share.</summary>
public sealed class SharesServed
{
    internal static readonly SharesServed Instance = new();

    private SharesServed()
    {
    }
}

internal sealed record PermissionRequirement(Permission Permission) : IAuthorizationRequirement;

/// <summary>Asks the caller's principal.</summary>
internal sealed class PermissionHandler : AuthorizationHandler<PermissionRequirement>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, PermissionRequirement requirement)
    {
        if (context.Resource is HttpContext http && http.Features.Get<Access>()?.Principal is { } principal && principal.Holds(requirement.Permission)
            && (principal.Share is null || http.GetEndpoint()?.Metadata.GetMetadata<SharesServed>() is not null))
            context.Succeed(requirement);
        return Task.CompletedTask;
    }
}
