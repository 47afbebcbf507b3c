using Microsoft.AspNetCore.Http;
using Strata.Core;
using Strata.Node.Auth;
using Strata.Node.Devices;

namespace Strata.Node.Uplink;

/// <summary>What every endpoint for gateways asks first: is the caller the gateway that the path names?</summary>
public static class GatewayRequests
{
    /// <summary>The gateway of the path when it is the caller; else null.</summary>
    public static GatewayEntry? Sender(HttpContext context, string id, GatewayDirectory gateways) =>
        context.User.Gateway() is { } gateway && gateway.Value == id && gateways.TryGet(context.Tenant(), gateway, out var entry) ? entry : null;

    public static IResult NotItsOwn(HttpContext context, string id, IRejectionLog rejections)
    {
        rejections.Record(context.Tenant(), RejectionKind.Permission, context.User.Name(), $"may not speak for gateway {id}");
        return ProblemResults.Of(ProblemKind.Forbidden, "A gateway speaks for itself only.", "id");
    }
}
