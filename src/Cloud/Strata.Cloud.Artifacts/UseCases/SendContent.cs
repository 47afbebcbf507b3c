using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Artifacts.Content;
using Strata.Cloud.Artifacts.Rows;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Manifests;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Storage;

namespace Strata.Cloud.Artifacts.UseCases;

/// <summary>
/// <c>PUT /api/v1/artifact-contents/{sha256}</c>: takes bytes in. They are always read to the end, also when somebody has sent the same: what a tenant has, it has shown.
/// </summary>
internal sealed class SendContent(ArtifactsStore store, ContentFolder folder, ContentPins pins, ArtifactsOptions options, TimeProvider time)
{
    private readonly ConcurrentDictionary<TenantId, int> running = new();

    public async Task<IResult> HandleAsync(string sha256, HttpContext context, CancellationToken cancellationToken)
    {
        var caller = Caller.Of(context);
        if (!context.Access().IsWhole(Permission.UpdatesWrite))
            return ProblemResults.Of(ArtifactRoutes.WholeOnly);
        if (!ManifestLimits.IsSha256(sha256))
            return ProblemResults.Of(ProblemKind.Invalid, "The path ends with the SHA-256 of the bytes, 64 lower-case hexadecimal digits.", "sha256");
        if (context.Request.ContentLength > options.MaxArtifactBytes)
            return ProblemResults.Of(ProblemKind.TooMuch, $"An artifact has at most {options.MaxArtifactBytes:N0} bytes here.", "content", StatusCodes.Status413PayloadTooLarge);
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
            feature.MaxRequestBodySize = null; // Bounded below, as it comes.
        if (running.AddOrUpdate(caller.Tenant, 1, static (_, now) => now + 1) > options.MaxUploads)
        {
            Done(caller.Tenant);
            return ProblemResults.Of(ProblemKind.TooMuch, $"{options.MaxUploads} uploads of the tenant are under way; try again when one has ended.");
        }
        try
        {
            return (await TakeAsync(caller, sha256, context.Request.Body, cancellationToken)).ToResult(c => Results.Json(new ArtifactContent(c.Sha256, c.Size), ContractsJson.Default.ArtifactContent));
        }
        catch (IOException e) when (SafeFiles.IsFull(e))
        {
            return ProblemResults.Of(ProblemKind.Unavailable, "The node's disk is full; nothing was kept.");
        }
        finally
        {
            Done(caller.Tenant);
        }
    }

    private void Done(TenantId tenant) => running.AddOrUpdate(tenant, 0, static (_, now) => now - 1);

    private async Task<Outcome<ContentRow>> TakeAsync(Caller caller, string sha256, Stream body, CancellationToken cancellationToken)
    {
        await DropUnnamedAsync(caller, cancellationToken);
        var shelf = store.Shelf(caller.Tenant);
        var room = options.MaxBytesOfTenant - shelf.Bytes + (shelf.Contents.GetValueOrDefault(sha256)?.Size ?? 0);
        if (room <= 0)
            return Full;
        try
        {
            using var pin = pins.Hold(sha256);
            return await KeepAsync(caller, sha256, body, room, cancellationToken);
        }
        finally
        {
            store.RemoveFiles([sha256]); // When no row has it: it was refused, or the database did not take it.
        }
    }

    private async Task<Outcome<ContentRow>> KeepAsync(Caller caller, string sha256, Stream body, long room, CancellationToken cancellationToken)
    {
        var taken = await folder.TakeAsync(body, sha256, Math.Min(options.MaxArtifactBytes, room), cancellationToken);
        if (!taken.IsOk)
            return taken.Problem.Kind is ProblemKind.TooMuch && room < options.MaxArtifactBytes ? Full : taken.Problem;
        return await store.ChangeAsync<ContentRow>(
            caller, async (tables, now, stop) =>
            {
                if (await tables.Contents.AsNoTracking().FirstOrDefaultAsync(c => c.Sha256 == sha256, stop) is { } there)
                    return DecidedChange.None(there);
                if (await tables.Contents.SumAsync(c => c.Size, stop) + taken.Value > options.MaxBytesOfTenant)
                    return Full;
                var row = new ContentRow { TenantId = caller.Tenant.Value, Sha256 = sha256, Size = taken.Value, Added = now };
                return new DecidedChange<ContentRow>(row, [(null, row)], "send", "artifact-content", sha256, null, new { row.Size });
            },
            cancellationToken, row => store.Follow(caller.Tenant, s => s with { Contents = s.Contents.SetItem(sha256, row) }));
    }

    /// <summary>Bytes whose manifest has not come for long are let go.</summary>
    private async Task DropUnnamedAsync(Caller caller, CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow() - options.KeepUnnamed;
        var shelf = store.Shelf(caller.Tenant);
        var old = shelf.Contents.Values.Where(c => c.Added < before && !shelf.IsNamed(c.Sha256)).ToList();
        if (old.Count == 0)
            return;
        await store.ChangeAsync<int>(
            caller, (_, _, _) => Task.FromResult<Outcome<DecidedChange<int>>>(new DecidedChange<int>(old.Count, [.. old.Select(c => ((object?)c, (object?)null))], "drop", "artifact-content", $"{old.Count} without a manifest", null, null)),
            cancellationToken, _ => store.Follow(caller.Tenant, s => s with { Contents = s.Contents.RemoveRange(old.Select(c => c.Sha256)) }));
        store.RemoveFiles(old.Select(c => c.Sha256));
    }

    private Problem Full => new(ProblemKind.TooMuch, $"The artifacts of the tenant would take more than {options.MaxBytesOfTenant:N0} bytes; delete some first.", "content");
}
