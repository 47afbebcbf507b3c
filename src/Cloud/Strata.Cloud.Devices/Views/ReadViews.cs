using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.Views;

/// <summary>
/// <c>GET /api/v1/views</c>, <c>/{name}</c> and <c>/templates</c>: the views that are for one of the caller's roles, as far as he may see what they are of, and those that he may change. To
/// everybody else a view is not there.
/// </summary>
internal static class ReadViews
{
    public static IResult List(HttpContext context, RegistryStore registry)
    {
        var access = context.Access();
        var image = registry.Image(access.Tenant);
        return Results.Json(new Page<ViewInfo>([.. image.Views.Values.Select(row => Show(row, access, image)).OfType<ViewInfo>()], null), ContractsJson.Default.PageViewInfo);
    }

    public static IResult One(string name, HttpContext context, RegistryStore registry)
    {
        var access = context.Access();
        var image = registry.Image(access.Tenant);
        return image.Views.TryGetValue(name, out var row) && Show(row, access, image) is { } view ? Results.Json(view, ContractsJson.Default.ViewInfo) : ProblemResults.Of(Unknown(name));
    }

    public static IResult Templates() =>
        Results.Json(new Page<ViewInfo>([.. ViewContent.Beginnings.Select(v => ViewContent.Info(v, v.Roles, managed: false, RegistryImage.Empty))], null), ContractsJson.Default.PageViewInfo);

    /// <summary>Whether the caller may change what is of these places and groups.</summary>
    public static bool IsManaged(Access access, AccessScope scope, RegistryImage image) =>
        access.ReachOf(Permission.ViewsManage) is var reach
        && (reach.IsWhole || (!scope.IsWhole && scope.Sites.All(s => reach.Covers(s)) && scope.Groups.All(g => PlacesOf(image, g) is { } places && reach.CoversAll(places))));

    public static Problem Unknown(string name) => new(ProblemKind.NotFound, $"There is no view '{(name.Length > View.MaxNameLength ? name[..View.MaxNameLength] : name)}'; 'strata views list' shows them.", "name");

    public static IReadOnlyList<SiteId>? PlacesOf(RegistryImage image, string group) => image.Groups.TryGetValue(group, out var row) ? [.. row.Sites.Select(SiteId.Parse)] : null;

    /// <summary>As the caller sees it; null when it is not there for him.</summary>
    private static ViewInfo? Show(ViewRow row, Access access, RegistryImage image)
    {
        var view = ViewContent.ToView(row);
        if (IsManaged(access, view.Scope, image))
            return ViewContent.Info(view, view.Roles, managed: true, image);
        var roles = view.Roles.Where(r => access.Principal.Grants.Any(g => g.Role.Name == r));
        return view.IsFor(access.Principal) && view.Within(access.ReachOf(Permission.ReadingsRead), g => PlacesOf(image, g)) is { } seen ? ViewContent.Info(seen, roles, managed: false, image) : null;
    }
}
