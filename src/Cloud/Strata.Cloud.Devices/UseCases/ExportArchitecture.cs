using Microsoft.AspNetCore.Http;
using Strata.Cloud.Devices.Description;
using Strata.Cloud.Devices.Registry;
using Strata.Core;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.UseCases;

/// <summary>
/// <c>GET /api/v1/export</c>: the architecture as a site file, all of it or the tree of one place. Applying it gives no changes. Of one
/// place's tree, groups that reach beyond it are left out.
/// </summary>
internal static class ExportArchitecture
{
    public static IResult Handle(string? site, HttpContext context, RegistryStore registry)
    {
        var image = registry.Image(context.Tenant());
        if (site is not null && !image.Sites.ContainsKey(site))
            return ProblemResults.Of(ProblemKind.NotFound, $"There is no place '{(site.Length > 512 ? site[..512] : site)}'.{Suggestion.For(site, image.Sites.Keys)}", "site");
        return Results.Text(SiteFileWriter.Write(Describe(image, site)), "application/yaml");
    }

    public static ArchitectureDescription Describe(RegistryImage image, string? root)
    {
        bool Inside(string? path) => root is null || Places.Contains(root, path);
        return new ArchitectureDescription(
            [.. root is null ? image.Sites.Values.Where(s => s.Parent is null).Select(s => s.Path) : [root]],
            [.. image.Sites.Values.Where(s => Inside(s.Path)).Select(DescribedFields.Describe)],
            [.. image.Gateways.Values.Where(g => Inside(g.Site)).Select(DescribedFields.Describe)],
            [.. image.DeviceIds.Select(id => image.Devices[id]).Where(d => RegistryImage.IsInService(d) && Inside(d.Site)).Select(DescribedFields.Describe)],
            [.. image.Groups.Values.Where(g => g.Sites.All(Inside)).Select(DescribedFields.Describe)]);
    }
}
