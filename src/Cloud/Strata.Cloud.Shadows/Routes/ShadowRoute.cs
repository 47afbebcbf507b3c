using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Shadows.Store;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Shadows.Routes;

/// <summary>What the routes of shadows share: which shadow is meant, whether the caller may, and how it is answered.</summary>
internal static class ShadowRoute
{
    /// <summary>The shadow of the route, if the caller may do that to the device.</summary>
    public static Outcome<(ShadowKey Key, FleetDevice Device)> Find(HttpContext context, string id, string? name, Permission permission, IFleet fleet)
    {
        var unknown = new Problem(ProblemKind.NotFound, $"There is no device '{(id.Length > 128 ? id[..128] + "..." : id)}'.", "id");
        if (!DeviceId.TryParse(id, out var device) || fleet.Find(context.Tenant(), device) is not { State: not DeviceState.Decommissioned } found)
            return unknown;
        if (Access.Refusal(context.Access().Decide(permission, found.Site), () => unknown) is { } refusal)
            return refusal;
        if (name is not null && !ShadowLimits.IsName(name))
            return new Problem(ProblemKind.Invalid, $"A shadow's name has 1 to {ShadowLimits.MaxNameLength} letters, digits, ':', '_' and '-'.", "name");
        return (new ShadowKey(context.Tenant(), device, name ?? ""), found);
    }

    public static Problem NoShadow(ShadowKey key) =>
        new(ProblemKind.NotFound, key.Name.Length == 0 ? $"Device '{key.Device}' has no shadow yet: it has reported nothing, and nothing is desired of it." : $"Device '{key.Device}' has no shadow named '{key.Name}'.", "name");

    /// <summary>There is one, or was, at another time.</summary>
    /// <param name="first">When the oldest change was made that is known.</param>
    public static Problem NoShadowAt(ShadowKey key, long at, long first) => new(
        ProblemKind.NotFound, string.Create(CultureInfo.InvariantCulture, $"Device '{key.Device}' had no shadow{(key.Name.Length == 0 ? "" : $" named '{key.Name}'")} at {Time(at)}{(at < first ? $"; the first change is of {Time(first)}" : ": it was deleted")}."), "at");

    private static string Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds).ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>The shadow with its version as <c>ETag</c>.</summary>
    public static IResult Show(HttpContext context, Shadow shadow)
    {
        context.Response.Headers.ETag = $"\"{shadow.Version}\"";
        return Results.Bytes(ShadowDocument.Full(shadow), "application/json");
    }

    /// <summary>A refusal; a conflict says the version that is there.</summary>
    public static IResult Refuse(HttpContext context, Problem problem, Shadow? shadow)
    {
        if (problem.Kind is not ProblemKind.Conflict || shadow is null)
            return ProblemResults.Of(problem, problem.Kind is ProblemKind.TooMuch ? StatusCodes.Status413PayloadTooLarge : null);
        context.Response.Headers.ETag = $"\"{shadow.Version}\"";
        return TypedResults.Problem(
            problem.Detail, null, StatusCodes.Status409Conflict, "This contradicts what is there.", "urn:strata:problem:conflict", new Dictionary<string, object?> { ["field"] = problem.Field, ["version"] = shadow.Version });
    }

    public static ShadowInfo ToInfo(Shadow shadow)
    {
        using var document = JsonDocument.Parse(ShadowDocument.Full(shadow));
        return document.RootElement.Deserialize(ContractsJson.Default.ShadowInfo)!;
    }
}
