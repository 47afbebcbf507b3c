using System.Text;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Shadows.Store;
using Strata.Core;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;
using Strata.Node;

namespace Strata.Cloud.Shadows.Routes;

/// <summary>Changes of <c>/api/v1/devices/{id}/shadow</c>.</summary>
internal static class ChangeShadow
{
    public static async Task<IResult> UpdateAsync(string id, string? name, HttpContext context, ShadowStore store, IFleet fleet, CancellationToken cancellationToken)
    {
        var found = ShadowRoute.Find(context, id, name, Permission.DevicesWrite, fleet);
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        var expected = ExpectedVersion.Of(context);
        if (!expected.IsOk)
            return ProblemResults.Of(expected.Problem);
        var body = await context.Request.ReadTextAsync(store.Limits.MaxRequestBytes, cancellationToken);
        if (!body.IsOk)
            return ShadowRoute.Refuse(context, body.Problem, null);
        var request = ShadowRequest.Parse(Encoding.UTF8.GetBytes(body.Value), store.Limits);
        if (!request.IsOk)
            return ShadowRoute.Refuse(context, request.Problem, null);
        if (request.Value.Reported is not null)
            return ProblemResults.Of(new Problem(ProblemKind.Forbidden, "What is reported is the device's to say; write 'desired' or 'tags'.", "state.reported"));
        var asked = request.Value with { Version = expected.Value.Value ?? request.Value.Version };
        return Answer(context, await store.UpdateAsync(found.Value.Key, asked, Caller.Of(context), cancellationToken));
    }

    public static async Task<IResult> DeleteAsync(string id, string? name, HttpContext context, ShadowStore store, IFleet fleet, CancellationToken cancellationToken)
    {
        var found = ShadowRoute.Find(context, id, name, Permission.DevicesWrite, fleet);
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        var expected = ExpectedVersion.Of(context);
        if (!expected.IsOk)
            return ProblemResults.Of(expected.Problem);
        var done = await store.DeleteAsync(found.Value.Key, expected.Value.Value, Caller.Of(context), cancellationToken);
        return done.Problem is { } problem ? ShadowRoute.Refuse(context, problem, done.Shadow) : Results.NoContent();
    }

    public static async Task<IResult> UndoAsync(string id, string? name, HttpContext context, ShadowStore store, IFleet fleet, CancellationToken cancellationToken)
    {
        var found = ShadowRoute.Find(context, id, name, Permission.DevicesWrite, fleet);
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        var read = await context.Request.ReadJsonAsync(ContractsJson.Default.UndoShadow, cancellationToken);
        if (!read.IsOk)
            return ProblemResults.Of(read.Problem);
        if (read.Value.Why is { Length: > ShadowLimits.MaxWhyLength } || read.Value.Why?.Any(char.IsControl) == true)
            return ProblemResults.Of(new Problem(ProblemKind.Invalid, $"'why' is text of at most {ShadowLimits.MaxWhyLength} characters, without control characters.", "why"));
        return Answer(context, await store.UndoAsync(found.Value.Key, read.Value.Version, read.Value.Why, Caller.Of(context), cancellationToken));
    }

    private static IResult Answer(HttpContext context, ShadowResult result) =>
        result.Problem is { } problem ? ShadowRoute.Refuse(context, problem, result.Shadow) : ShadowRoute.Show(context, result.Shadow!);
}
