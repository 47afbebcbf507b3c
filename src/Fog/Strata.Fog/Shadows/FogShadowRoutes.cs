using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;
using Strata.Fog.Served;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Reads;

namespace Strata.Fog.Shadows;

/// <summary>Shadows by the gateway's own API: read, and what is desired of a device said at the site, also while the cloud is away.</summary>
internal static class FogShadowRoutes
{
    /// <summary>By it a gateway is told that its parent was away from the cloud.</summary>
    public const string AllChangedPath = "/api/v1/shadows/changed";

    public static void MapFogShadows(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1/devices/{id}/shadow").WithTags("Shadows");
        api.MapGet("", Get).Requires(Permission.DevicesRead).AcceptsOnly("name").WithName("GetShadow").WithSummary("A device's shadow, as the gateway has it");
        api.MapPatch("", PatchAsync).Requires(Permission.DevicesWrite).AcceptsOnly("name").WithName("UpdateShadow").WithSummary("What is desired of a device, merged into its shadow; the cloud hears of it");
        routes.MapGet(AllChangedPath, AllChanged).Requires(Permission.DevicesRead).AcceptsOnly().WithTags("Shadows").WithName("ShadowsChanged").WithSummary("The parent says that any shadow may have changed while it could not tell");
        api.MapGet("/changed", Changed).Requires(Permission.DevicesRead).AcceptsOnly().WithName("ShadowChanged").WithSummary("The parent says that a shadow of the device changed there");
    }

    private static IResult Get(string id, string? name, HttpContext context, ServedTenants served, DeviceDirectory devices)
    {
        var found = Find(id, name, context, Permission.DevicesRead, served, devices);
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        var (tenant, device) = found.Value;
        var shadow = tenant.Shadows.Find(device, name ?? "");
        if (shadow.IsDeleted)
            return ProblemResults.Of(ProblemKind.NotFound, $"The gateway knows no such shadow of '{device}'.", "name");
        context.Response.Headers.ETag = $"\"{shadow.Version}\"";
        return Results.Bytes(ShadowDocument.Full(shadow), "application/json");
    }

    private static async Task<IResult> PatchAsync(string id, string? name, HttpContext context, ServedTenants served, DeviceDirectory devices, FogShadowTopics topics, CancellationToken cancellationToken)
    {
        var found = Find(id, name, context, Permission.DevicesWrite, served, devices);
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        var expected = ExpectedVersion.Of(context);
        if (!expected.IsOk)
            return ProblemResults.Of(expected.Problem);
        var (tenant, device) = found.Value;
        var body = await BodyAsync(context.Request, tenant.Shadows.Limits.MaxRequestBytes, cancellationToken);
        var request = ShadowRequest.Parse(body, tenant.Shadows.Limits);
        if (!request.IsOk)
            return Refuse(request.Problem);
        if (request.Value.Reported is not null || request.Value.Tags is not null)
            return ProblemResults.Of(ProblemKind.Forbidden, "At a gateway 'desired' is written; what is reported is the device's, tags are the cloud's.", "state");
        var asked = request.Value with { Version = expected.Value.Value ?? request.Value.Version };
        Outcome<ShadowChange> decided;
        try
        {
            decided = tenant.Shadows.Update(device, name ?? "", asked, new ShadowAuthor(context.User.Identity?.Name ?? "gateway", IsDevice: false));
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return ProblemResults.Of(ProblemKind.Unavailable, $"The gateway's disk refused it: {refused.Message}");
        }
        if (!decided.IsOk)
            return Refuse(decided.Problem);
        topics.Tell(context.Tenant(), device, name ?? "");
        context.Response.Headers.ETag = $"\"{decided.Value.After.Version}\"";
        return Results.Bytes(ShadowDocument.Full(decided.Value.After), "application/json");
    }

    private static IResult Changed(string id, HttpContext context, ServedTenants served, DeviceDirectory devices)
    {
        var found = Find(id, null, context, Permission.DevicesRead, served, devices);
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        found.Value.Tenant.ShadowSync.Changed(found.Value.Device);
        return Results.NoContent();
    }

    private static IResult AllChanged(HttpContext context, ServedTenants served)
    {
        served.Of(context.Tenant())?.ShadowSync.AllChanged();
        return Results.NoContent();
    }

    private static Outcome<(ServedTenant Tenant, DeviceId Device)> Find(string id, string? name, HttpContext context, Permission permission, ServedTenants served, DeviceDirectory devices)
    {
        var access = context.Access();
        if (!DeviceId.TryParse(id, out var device) || served.Of(access.Tenant) is not { } tenant || !devices.TryGet(access.Tenant, device, out _))
            return Unknown(id);
        if (Access.Refusal(access.Decide(permission, device), () => Unknown(id)) is { } refusal)
            return refusal;
        return name is null || ShadowLimits.IsName(name) ? (tenant, device) : new Problem(ProblemKind.NotFound, "That is no name of a shadow.", "name");
    }

    private static IResult Refuse(Problem problem) => ProblemResults.Of(problem, problem.Kind is ProblemKind.TooMuch ? StatusCodes.Status413PayloadTooLarge : null);

    private static Problem Unknown(string id) => new(ProblemKind.NotFound, $"This gateway serves no device '{(id.Length > 128 ? id[..128] + "..." : id)}'.", "id");

    private static async Task<byte[]> BodyAsync(HttpRequest request, int most, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        var chunk = new byte[8 * 1024];
        // One byte more than may be is enough to be refused.
        while (buffer.Length <= most && await request.Body.ReadAsync(chunk, cancellationToken) is var read && read > 0)
            await buffer.WriteAsync(chunk.AsMemory(0, read), cancellationToken);
        return buffer.ToArray();
    }
}
