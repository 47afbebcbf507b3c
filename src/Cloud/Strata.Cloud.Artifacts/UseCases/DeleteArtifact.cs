using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Artifacts.Rows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Updates;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Artifacts.UseCases;

/// <summary><c>DELETE /api/v1/artifacts/{component}/{version}/{hash}</c>: not while something that is not finished names it. Its bytes go when no other artifact of the tenant has them.</summary>
internal sealed class DeleteArtifact(ArtifactsStore store, IEnumerable<IArtifactReaders> readers)
{
    public async Task<IResult> HandleAsync(string component, string version, string hash, HttpContext context, CancellationToken cancellationToken)
    {
        var (caller, id) = (Caller.Of(context), $"{component}/{version}/{hash}");
        if (!context.Access().IsWhole(Permission.UpdatesWrite))
            return ProblemResults.Of(ArtifactRoutes.WholeOnly);
        var outcome = await store.ChangeAsync<Gone>(caller, (tables, _, stop) => DecideAsync(tables, caller, id, stop), cancellationToken, gone => Follow(caller.Tenant, gone));
        if (outcome.IsOk)
            store.RemoveFiles(outcome.Value.Contents.Select(c => c.Sha256));
        return outcome.ToResult(_ => Results.NoContent());
    }

    private async Task<Outcome<DecidedChange<Gone>>> DecideAsync(ArtifactsDbContext tables, Caller caller, string id, CancellationToken cancellationToken)
    {
        if (await tables.Artifacts.AsNoTracking().FirstOrDefaultAsync(a => a.Id == id, cancellationToken) is not { } row)
            return ArtifactRoutes.Unknown;
        if (readers.Select(r => r.InUse(caller.Tenant, id)).FirstOrDefault(u => u is not null) is { } user)
            return new Problem(ProblemKind.Conflict, $"{user} names the artifact; end that first.", "id");
        var deltas = await tables.Deltas.AsNoTracking().Where(d => d.Artifact == id).ToListAsync(cancellationToken);
        var hashes = deltas.Select(d => d.Sha256).Append(row.Sha256).Distinct().ToList();
        var needed = await tables.Artifacts.Where(a => a.Id != id).Select(a => a.Sha256).Concat(tables.Deltas.Where(d => d.Artifact != id).Select(d => d.Sha256)).Where(s => hashes.Contains(s)).ToListAsync(cancellationToken);
        var contents = await tables.Contents.AsNoTracking().Where(c => hashes.Contains(c.Sha256) && !needed.Contains(c.Sha256)).ToListAsync(cancellationToken);
        return new DecidedChange<Gone>(
            new Gone(id, contents), [.. deltas.Select(d => ((object?)d, (object?)null)), (row, null), .. contents.Select(c => ((object?)c, (object?)null))], "delete", "artifact", id, new { row.Sha256 }, null);
    }

    private void Follow(TenantId tenant, Gone gone) => store.Follow(tenant, shelf => shelf with { Artifacts = shelf.Artifacts.Remove(gone.Id), Contents = shelf.Contents.RemoveRange(gone.Contents.Select(c => c.Sha256)) });

    private sealed record Gone(string Id, IReadOnlyList<ContentRow> Contents);
}
