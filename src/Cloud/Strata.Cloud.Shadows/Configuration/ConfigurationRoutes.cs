using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Platform.Schemas;
using Strata.Cloud.Shadows.Routes;
using Strata.Cloud.Shadows.Rows;
using Strata.Cloud.Shadows.Store;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Configuration;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Shadows.Configuration;

/// <summary>Layers, schemas, and what they come to for a device.</summary>
internal static class ConfigurationRoutes
{
    public static async Task<IResult> ListAsync(HttpContext context, ConfigurationStore store, CancellationToken cancellationToken)
    {
        var access = context.Access();
        var rows = (await store.LayersAsync(context.Tenant(), cancellationToken)).Where(r => LayerId.TryParse(r.Id, out var id) && Decide(access, Permission.DevicesRead, id, context) == AccessDecision.Allowed);
        return Results.Json(new Page<ConfigurationLayerInfo>([.. rows.Select(ToInfo)], null), ContractsJson.Default.PageConfigurationLayerInfo);
    }

    public static async Task<IResult> GetAsync(string layer, HttpContext context, ConfigurationStore store, CancellationToken cancellationToken)
    {
        if (Refusal(context, layer, Permission.DevicesRead, out var id) is { } refused)
            return refused;
        return (await store.LayersAsync(context.Tenant(), cancellationToken)).Find(r => r.Id == id.ToString()) is { } row
            ? Show(context, row)
            : ProblemResults.Of(NoLayer(id));
    }

    public static async Task<IResult> PutAsync(string layer, string? why, HttpContext context, ConfigurationStore store, ShadowStore shadows, CancellationToken cancellationToken)
    {
        if (Refusal(context, layer, Permission.DevicesWrite, out var id) is { } refused)
            return refused;
        var expected = ExpectedVersion.Of(context);
        if (!expected.IsOk)
            return ProblemResults.Of(expected.Problem);
        if (why is { Length: > ShadowLimits.MaxWhyLength } || why?.Any(char.IsControl) == true)
            return ProblemResults.Of(new Problem(ProblemKind.Invalid, $"'why' is text of at most {ShadowLimits.MaxWhyLength} characters, without control characters.", "why"));
        var body = await context.Request.ReadTextAsync(shadows.Limits.MaxRequestBytes, cancellationToken);
        if (!body.IsOk)
            return ShadowRoute.Refuse(context, body.Problem, null);
        var content = ConfigurationStore.Parse(Encoding.UTF8.GetBytes(body.Value), shadows.Limits);
        if (!content.IsOk)
            return ShadowRoute.Refuse(context, content.Problem, null);
        var set = await store.SetAsync(Caller.Of(context), id, content.Value, expected.Value.Value, why, cancellationToken);
        var devices = set.IsOk ? await store.CountAsync(context.Tenant(), set.Value, cancellationToken) : null;
        return set.ToResult(row => Show(context, row, devices));
    }

    public static async Task<IResult> DeleteAsync(string layer, HttpContext context, ConfigurationStore store, CancellationToken cancellationToken)
    {
        if (Refusal(context, layer, Permission.DevicesWrite, out var id) is { } refused)
            return refused;
        var expected = ExpectedVersion.Of(context);
        return expected.IsOk
            ? (await store.SetAsync(Caller.Of(context), id, null, expected.Value.Value, null, cancellationToken)).ToResult(_ => Results.NoContent())
            : ProblemResults.Of(expected.Problem);
    }

    public static async Task<IResult> EffectiveAsync(string id, HttpContext context, ConfigurationStore store, ConfigurationRunner runner, IFleet fleet, CancellationToken cancellationToken)
    {
        var found = ShadowRoute.Find(context, id, null, Permission.DevicesRead, fleet);
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        var device = found.Value.Device;
        var effective = await store.EffectiveAsync(device, cancellationToken);
        var origins = effective.Origins.Select(o => new ConfigurationOriginInfo(o.Path, o.Value is null ? null : Element(o.Value.Json.ToArray()), o.Layer.ToString(), [.. o.Covers.Select(c => c.ToString())], o.Rollout));
        return Results.Json(new ConfigurationInfo(Element(ConfigurationStore.Text(effective.Root)), [.. origins], runner.ProblemOf(device.Tenant, device.Id), effective.Gone.Count == 0 ? null : [.. effective.Gone.Select(g => new ConfigurationGoneInfo(g.Id.ToString(), g.Rollout!))]), ContractsJson.Default.ConfigurationInfo);
    }

    public static async Task<IResult> GetSchemaAsync(string model, HttpContext context, ConfigurationStore store, CancellationToken cancellationToken) =>
        (await store.SchemasAsync(context.Tenant(), cancellationToken)).TryGetValue(model, out var schema)
            ? Results.Text(schema, "application/schema+json")
            : ProblemResults.Of(new Problem(ProblemKind.NotFound, $"There is no schema of model '{model}'.", "model"));

    public static async Task<IResult> PutSchemaAsync(string model, HttpContext context, ConfigurationStore store, CancellationToken cancellationToken)
    {
        if (!context.Access().IsWhole(Permission.DevicesWrite))
            return ProblemResults.Of(Access.Forbidden);
        if (model.Length > 128 || model.Any(char.IsControl))
            return ProblemResults.Of(new Problem(ProblemKind.Invalid, "A model's name has at most 128 characters.", "model"));
        var body = await context.Request.ReadTextAsync(PayloadSchema.MaxBytes, cancellationToken);
        if (!body.IsOk)
            return ShadowRoute.Refuse(context, body.Problem, null);
        return (await store.SetSchemaAsync(Caller.Of(context), model, body.Value, cancellationToken)).ToResult(schema => Results.Text(schema, "application/schema+json"));
    }

    public static async Task<IResult> DeleteSchemaAsync(string model, HttpContext context, ConfigurationStore store, CancellationToken cancellationToken) => context.Access().IsWhole(Permission.DevicesWrite)
        ? (await store.SetSchemaAsync(Caller.Of(context), model, null, cancellationToken)).ToResult(_ => Results.NoContent())
        : ProblemResults.Of(Access.Forbidden);

    /// <summary>A place's and a device's layer belong to who may do that there; the tenant's and a group's, which reach anywhere, to who may do it everywhere.</summary>
    private static AccessDecision Decide(Access access, Permission permission, LayerId id, HttpContext context)
    {
        if (id.Kind == LayerKind.Site && SiteId.TryParse(id.Name, out var site))
            return access.Decide(permission, site);
        if (id.Kind == LayerKind.Device && Core.Devices.DeviceId.TryParse(id.Name, out var device) && context.RequestServices.GetService(typeof(IFleet)) is IFleet fleet && fleet.Find(context.Tenant(), device) is { } found)
            return access.Decide(permission, found.Site);
        return access.IsWhole(permission) ? AccessDecision.Allowed : AccessDecision.NotFound;
    }

    private static IResult? Refusal(HttpContext context, string layer, Permission permission, out LayerId id)
    {
        if (!LayerId.TryParse(layer, out id))
            return ProblemResults.Of(new Problem(ProblemKind.Invalid, "A layer is 'tenant', 'group/ID', 'site/PATH' or 'device/ID'.", "layer"));
        var of = id;
        return Access.Refusal(Decide(context.Access(), permission, id, context), () => NoLayer(of)) is { } refusal ? ProblemResults.Of(refusal) : null;
    }

    private static Problem NoLayer(LayerId id) => new(ProblemKind.NotFound, $"There is no layer '{id}'.", "layer");

    private static IResult Show(HttpContext context, ConfigurationLayerRow row, int? devices = null)
    {
        context.Response.Headers.ETag = $"\"{row.Version}\"";
        return Results.Json(ToInfo(row) with { Devices = devices }, ContractsJson.Default.ConfigurationLayerInfo);
    }

    private static ConfigurationLayerInfo ToInfo(ConfigurationLayerRow row) => new(row.Id, row.Version, row.Updated, row.UpdatedBy, row.Why, Element(row.Content));

    private static JsonElement Element(byte[] json)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 128 });
        return document.RootElement.Clone();
    }
}
