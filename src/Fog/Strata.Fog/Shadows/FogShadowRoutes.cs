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
using Strata.Node.Reads;

namespace Strata.Fog.Shadows;

/// <summary>Shadows by the gateway's own API: read, and what is desired of a device said at the site, also while the cloud is away.</summary>
internal static class FogShadowRoutes
{
    public static void MapFogShadows(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1/devices/{id}/shadow").WithTags("Shadows");
        api.MapGet("", Get).Requires(Permission.DevicesRead).AcceptsOnly("name").WithName("GetShadow").WithSummary("A device's shadow, as the gateway has it");
        api.MapPatch("", PatchAsync).Requires(Permission.DevicesWrite).AcceptsOnly("name").WithName("UpdateShadow").WithSummary("What is desired of a device, merged into its shadow; the cloud hears of it");
        api.MapGet("/changed", Changed).Requires(Permission.DevicesRead).AcceptsOnly().WithName("ShadowChanged").WithSummary("The parent says that a shadow of the device changed there");
    }

    private static IResult Get(string id, string? name, HttpContext context, ServedTenants served)
    {
        if (Find(id, name, context, served) is not var (tenant, device))
            return Unknown(id);
        var shadow = tenant.Shadows.Find(device, name ?? "");
        if (shadow.IsDeleted)
            return ProblemResults.Of(ProblemKind.NotFound, $"The gateway knows no such shadow of '{device}'.", "name");
        context.Response.Headers.ETag = $"\"{shadow.Version}\"";
        return Results.Bytes(ShadowDocument.Full(shadow), "application/json");
    }

    private static async Task<IResult> PatchAsync(string id, string? name, HttpContext context, ServedTenants served, FogShadowTopics topics, CancellationToken cancellationToken)
    {
        if (Find(id, name, context, served) is not var (tenant, device))
            return Unknown(id);
        var body = await BodyAsync(context.Request, tenant.Shadows.Limits.MaxRequestBytes, cancellationToken);
        var request = ShadowRequest.Parse(body, tenant.Shadows.Limits);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem, request.Problem.Kind is ProblemKind.TooMuch ? StatusCodes.Status413PayloadTooLarge : null);
        if (request.Value.Reported is not null || request.Value.Tags is not null)
            return ProblemResults.Of(ProblemKind.Forbidden, "At a gateway 'desired' is written; what is reported is the device's, tags are the cloud's.", "state");
        var decided = tenant.Shadows.Update(device, name ?? "", request.Value, new ShadowAuthor(context.User.Identity?.Name ?? "gateway", IsDevice: false));
        if (!decided.IsOk)
            return ProblemResults.Of(decided.Problem);
        topics.TellDelta(context.Tenant(), device, name ?? "", decided.Value.After, null);
        context.Response.Headers.ETag = $"\"{decided.Value.After.Version}\"";
        return Results.Bytes(ShadowDocument.Full(decided.Value.After), "application/json");
    }

    private static IResult Changed(string id, HttpContext context, ServedTenants served)
    {
        if (Find(id, null, context, served) is not var (tenant, device))
            return Unknown(id);
        tenant.ShadowSync.Changed(device);
        return Results.NoContent();
    }

    private static (ServedTenant Tenant, DeviceId Device)? Find(string id, string? name, HttpContext context, ServedTenants served) =>
        DeviceId.TryParse(id, out var device) && (name is null || ShadowLimits.IsName(name)) && served.Of(context.Tenant()) is { } tenant && tenant.Site.View.Devices.Any(d => d.Device == device)
            && context.Access().Decide(Permission.DevicesRead, tenant.Site.View.Devices.First(d => d.Device == device).Site) == AccessDecision.Allowed
            ? (tenant, device)
            : null;

    private static IResult Unknown(string id) => ProblemResults.Of(ProblemKind.NotFound, $"The gateway serves no device '{(id.Length > 128 ? id[..128] + "..." : id)}', or the shadow's name is none.", "id");

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
