using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Platform;
using Strata.Core.Architecture;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.UseCases;

/// <summary><c>GET /api/v1/sites</c>: places in order of their paths, so that each comes after the one that holds it.</summary>
internal static class ListSites
{
    public static IResult Handle(string? cursor, string? limit, HttpContext context, RegistryStore registry)
    {
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        var access = context.Access();
        var image = registry.Image(access.Tenant);
        var reach = access.ReachOf(Permission.SitesRead);
        var (here, below) = Count(image);
        var sites = image.Sites.Values
            .SkipWhile(s => page.Value.After is not null && string.CompareOrdinal(s.Path, page.Value.After) <= 0)
            .Where(s => reach.IsWhole || reach.Covers(SiteId.Parse(s.Path)))
            .Take(page.Value.Limit + 1)
            .Select(s => new SiteInfo(s.Path, s.Name, s.Kind, s.Parent, here.GetValueOrDefault(s.Path), below.GetValueOrDefault(s.Path)))
            .ToList();
        return Results.Json(Paging.ToPage(sites, page.Value.Limit, s => s.Path), ContractsJson.Default.PageSiteInfo);
    }

    private static (Dictionary<string, int> Here, Dictionary<string, int> Below) Count(RegistryImage image)
    {
        var here = image.AllDevices.Where(d => d.Site is not null && RegistryImage.IsInService(d)).CountBy(d => d.Site!, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        var below = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (site, count) in here)
        {
            foreach (var place in Places.SelfAndAbove(site))
                below[place] = below.GetValueOrDefault(place) + count;
        }
        return (here, below);
    }
}
