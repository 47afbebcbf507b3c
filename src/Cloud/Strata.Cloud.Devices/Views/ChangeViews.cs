using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.Views;

/// <summary><c>PUT</c> and <c>DELETE /api/v1/views/{name}</c>: for who manages views of all that the view is of.</summary>
internal static class ChangeViews
{
    public static async Task<IResult> PutAsync(string name, HttpContext context, RegistryStore registry, DevicesOptions options, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.SaveView, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var view = ViewContent.Parse(name, request.Value);
        if (!view.IsOk)
            return ProblemResults.Of(view.Problem);
        var access = context.Access();
        var outcome = await registry.ChangeAsync<ViewInfo>(
            Caller.Of(context),
            change =>
            {
                if (Refusal(view.Value!, access, change.Image, options.MaxViews) is { } problem)
                    return problem;
                change.Put(ViewContent.ToRow(change.TenantId, view.Value!), change.Image.Views.ContainsKey(name) ? "change" : "create");
                return ViewContent.Info(view.Value!, view.Value!.Roles, managed: true, change.Image);
            },
            cancellationToken);
        return outcome.ToResult(saved => Results.Json(saved, ContractsJson.Default.ViewInfo));
    }

    public static async Task<IResult> DeleteAsync(string name, HttpContext context, RegistryStore registry, CancellationToken cancellationToken)
    {
        var access = context.Access();
        var outcome = await registry.ChangeAsync<string>(
            Caller.Of(context),
            change =>
            {
                if (!change.Image.Views.TryGetValue(name, out var row) || !ReadViews.IsManaged(access, ViewContent.ToView(row).Scope, change.Image))
                    return ReadViews.Unknown(name);
                change.Remove(row);
                return name;
            },
            cancellationToken);
        return outcome.ToResult(_ => Results.NoContent());
    }

    /// <summary>Why the caller may not save this; null when he may.</summary>
    public static Problem? Refusal(View view, Access access, RegistryImage image, int maxViews)
    {
        if (!access.Principal.Holds(Permission.ViewsManage))
            return Access.Forbidden;
        if (!ReadViews.IsManaged(access, view.Scope, image))
        {
            return new Problem(ProblemKind.NotFound, view.Scope.IsWhole
                ? "Name places or groups within your own scope: a view without any is of the whole tenant."
                : "There is no such place or group for the caller; name those within its own scope.", "sites");
        }
        if (image.Views.TryGetValue(view.Name, out var row))
            return ReadViews.IsManaged(access, ViewContent.ToView(row).Scope, image) ? null : Taken(view.Name);
        return image.Views.Count >= maxViews ? new Problem(ProblemKind.TooMuch, $"The tenant has {maxViews:N0} views; delete some first.") : null;
    }

    public static Problem Taken(string name) => new(ProblemKind.Conflict, $"The name '{name}' is not to be had for a view; choose another.", "name");
}
