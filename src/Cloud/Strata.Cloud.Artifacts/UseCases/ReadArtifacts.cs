using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Artifacts.Content;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Artifacts.UseCases;

/// <summary><c>GET /api/v1/artifacts</c>, one of them, and its bill of materials.</summary>
internal static class ReadArtifacts
{
    public static IResult List(string? component, string? model, string? part, string? cursor, string? limit, HttpContext context, ArtifactsStore store, ContentFolder folder)
    {
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        var shelf = store.Shelf(context.Tenant());
        var found = shelf.InOrder.Where(a =>
            (component is null || a.Facts.Component == component) && (model is null || a.Facts.Models.Contains(model, StringComparer.Ordinal)) && (part is null || HasPart(a, part)));
        if (page.Value.After is { } after)
        {
            if (!shelf.Artifacts.ContainsKey(after))
                return ProblemResults.Of(Paging.WrongCursor);
            found = found.SkipWhile(a => a.Facts.Id != after).Skip(1);
        }
        var items = found.Take(page.Value.Limit + 1).Select(a => a.ToInfo(shelf, sha => folder.Find(sha) is not null)).ToList();
        return Results.Json(Paging.ToPage(items, page.Value.Limit, a => a.Id), ContractsJson.Default.PageArtifactInfo);
    }

    public static IResult Get(string component, string version, string hash, HttpContext context, ArtifactsStore store, ContentFolder folder)
    {
        var shelf = store.Shelf(context.Tenant());
        return shelf.Artifacts.GetValueOrDefault($"{component}/{version}/{hash}") is { } artifact
            ? Results.Json(artifact.ToInfo(shelf, sha => folder.Find(sha) is not null), ContractsJson.Default.ArtifactInfo)
            : ProblemResults.Of(ArtifactRoutes.Unknown);
    }

    public static async Task<IResult> BomAsync(string component, string version, string hash, HttpContext context, ArtifactsStore store, CancellationToken cancellationToken)
    {
        var id = $"{component}/{version}/{hash}";
        await using var tables = store.Create(context.Tenant());
        return (await tables.Artifacts.AsNoTracking().FirstOrDefaultAsync(a => a.Id == id, cancellationToken))?.Bom is { } packed
            ? Results.Bytes(Packed.Open(packed), "application/vnd.cyclonedx+json")
            : ProblemResults.Of(ProblemKind.NotFound, "There is no such artifact, or it came without a bill of materials.", "id");
    }

    private static bool HasPart(ShelvedArtifact artifact, string part) =>
        artifact.Facts.Bom.Any(b => b.Name == part || (part.LastIndexOf('@') is > 0 and var at && b.Name == part[..at] && b.Version == part[(at + 1)..]));
}
