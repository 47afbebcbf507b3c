using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Strata.Cloud.Devices.Description;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Devices.Views;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.UseCases;

/// <summary>
/// <c>GET /api/v1/export</c>: the architecture as a site file, all of it or the tree of one place. Applying it gives no changes. Of one
/// place's tree, or of the caller's scope, groups that reach beyond it, and those by a query, are left out. What other slices have of it (<see cref="IExportedSection"/>) is in it as far as the caller may read it.
/// </summary>
internal static class ExportArchitecture
{
    public static async Task<IResult> HandleAsync(string? site, HttpContext context, RegistryStore registry, [FromServices] IEnumerable<IDescribedSection> sections, CancellationToken cancellationToken)
    {
        var access = context.Access();
        var image = registry.Image(access.Tenant);
        var reach = access.ReachOf(Permission.SitesRead);
        var known = reach.IsWhole ? image.Sites.Keys : image.Sites.Keys.Where(s => reach.Covers(SiteId.Parse(s)));
        if (site is not null && !known.Contains(site, StringComparer.Ordinal))
            return ProblemResults.Of(ProblemKind.NotFound, $"There is no place '{(site.Length > 512 ? site[..512] : site)}'.{Suggestion.For(site, known)}", "site");
        string[]? roots = site is not null ? [site] : reach.IsWhole ? null : [.. Roots(reach.Sites.Select(s => s.Value).Where(image.Sites.ContainsKey))];
        var (contents, notes) = (new List<(string, JsonElement)>(), new List<string>());
        foreach (var section in sections.OfType<IExportedSection>().OrderBy(s => s.Name, StringComparer.Ordinal))
        {
            var exported = await section.ExportAsync(access, roots, cancellationToken);
            if (!exported.IsOk)
                return ProblemResults.Of(exported.Problem);
            if (exported.Value.Json is { } json)
                contents.Add((section.Name, Element(json)));
            if (exported.Value.LeftOut is { } leftOut)
                notes.Add($"{section.Name}: {leftOut}");
        }
        return Results.Text(SiteFileWriter.Write(Describe(image, roots, v => ReadViews.IsManaged(access, ViewContent.ToView(v).Scope, image)), contents, notes), "application/yaml");
    }

    private static JsonElement Element(byte[] json)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = YamlTree.MaxDepth });
        return document.RootElement.Clone();
    }

    /// <param name="roots">The trees to describe; null for everything, also what is nowhere.</param>
    /// <param name="shows">Which views; null for all. Of trees, those that are of nothing else.</param>
    public static ArchitectureDescription Describe(RegistryImage image, IReadOnlyList<string>? roots, Func<ViewRow, bool>? shows = null)
    {
        bool Inside(string? path) => roots is null || roots.Any(root => Places.Contains(root, path));
        return new ArchitectureDescription(
            [.. roots ?? image.Sites.Values.Where(s => s.Parent is null).Select(s => s.Path)],
            [.. image.Sites.Values.Where(s => Inside(s.Path)).Select(DescribedFields.Describe)],
            [.. image.Gateways.Values.Where(g => Inside(g.Site)).Select(DescribedFields.Describe)],
            [.. image.DeviceIds.Select(id => image.Devices[id]).Where(d => RegistryImage.IsInService(d) && Inside(d.Site)).Select(DescribedFields.Describe)],
            [.. image.Groups.Values.Where(g => roots is null || (!g.Sites.IsEmpty && g.Sites.All(Inside))).Select(DescribedFields.Describe)])
        {
            Views = [.. image.Views.Values.Where(v => (roots is null || (v.Groups.IsEmpty && !v.Sites.IsEmpty && v.Sites.All(Inside))) && shows?.Invoke(v) != false).Select(DescribedFields.Describe)],
        };
    }

    private static IEnumerable<string> Roots(IEnumerable<string> places)
    {
        var all = places.Distinct(StringComparer.Ordinal).ToList();
        return all.Where(p => !all.Exists(other => other != p && Places.Contains(other, p)));
    }
}
