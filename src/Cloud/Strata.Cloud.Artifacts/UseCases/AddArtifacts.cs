using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Artifacts.Content;
using Strata.Cloud.Artifacts.Rows;
using Strata.Cloud.Artifacts.Sbom;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Updates;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Manifests;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Artifacts.UseCases;

/// <summary><c>POST /api/v1/artifacts</c>: a signed manifest of bytes that were sent. The same bytes with the same statement, whenever it was signed, are the same artifact.</summary>
internal sealed class AddArtifacts(ArtifactsStore store, ContentFolder folder, ContentPins pins, DeltaMaker deltas, ArtifactsOptions options, TimeProvider time)
{
    /// <summary>How far the signer's clock may be ahead of the node's.</summary>
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(10);

    public async Task<IResult> HandleAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var caller = Caller.Of(context);
        if (!context.Access().IsWhole(Permission.UpdatesWrite))
            return ProblemResults.Of(ArtifactRoutes.WholeOnly);
        var body = await context.Request.ReadJsonAsync(ContractsJson.Default.AddArtifact, cancellationToken, (options.MaxBomBytes * 2) + (4 * ManifestLimits.MaxBytes));
        if (!body.IsOk)
            return ProblemResults.Of(body.Problem, body.Problem.Kind is ProblemKind.TooMuch ? StatusCodes.Status413PayloadTooLarge : null);
        var asked = Check(body.Value, store.Shelf(caller.Tenant));
        if (!asked.IsOk)
            return ProblemResults.Of(asked.Problem);
        var outcome = await AddAsync(caller, asked.Value, cancellationToken);
        return outcome.ToResult(added =>
        {
            var shelf = store.Shelf(caller.Tenant);
            return Results.Json(shelf.Artifacts[added.Row.Id].ToInfo(shelf, sha => folder.Find(sha) is not null), ContractsJson.Default.ArtifactInfo, statusCode: added.IsNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
        });
    }

    private async Task<Outcome<Added>> AddAsync(Caller caller, Asked asked, CancellationToken cancellationToken)
    {
        using var made = new MadeDeltas(pins);
        try
        {
            if (NeedsPatches(store.Shelf(caller.Tenant).Artifacts.GetValueOrDefault(ShelvedArtifact.IdOf(asked.Manifest))?.Facts))
                await deltas.MakeAsync(store.Shelf(caller.Tenant), asked.Manifest, made, cancellationToken);
            return await store.ChangeAsync<Added>(
                caller, (tables, now, stop) => DecideAsync(tables, caller, asked, made.Items, now, stop), cancellationToken, added => Follow(caller.Tenant, added));
        }
        finally
        {
            made.Dispose();
            store.RemoveFiles(made.Files); // Those that no row has.
        }
    }

    /// <summary>Of an artifact that is there, after an import the patches may be named and not here: they are made anew.</summary>
    private bool NeedsPatches(ArtifactFacts? there) => there is null || there.Deltas.Any(d => folder.Find(d.Sha256) is null);

    private Outcome<Asked> Check(AddArtifact request, ArtifactShelf shelf)
    {
        if (request.Manifest is null || request.Signatures is not { Count: > 0 and <= ManifestLimits.MaxSignatures } || request.Signatures.Any(s => s?.Key is null || s.Algorithm is null || s.Signature is null))
            return new Problem(ProblemKind.Invalid, $"'manifest' and 1 to {ManifestLimits.MaxSignatures} 'signatures' with key, algorithm and signature are needed.", "signatures");
        var bytes = new byte[request.Manifest.Length];
        if (!Convert.TryFromBase64String(request.Manifest, bytes, out var length))
            return new Problem(ProblemKind.Invalid, "'manifest' is not base64.", "manifest");
        bytes = bytes[..length];
        var signatures = new List<ManifestSignature>();
        foreach (var said in request.Signatures)
        {
            var signature = new byte[64];
            if (!Convert.TryFromBase64String(said.Signature, signature, out var size) || size != 64)
                return new Problem(ProblemKind.Invalid, $"The signature of key '{said.Key}' is not 64 bytes in base64.", "signatures");
            signatures.Add(new ManifestSignature(said.Key, said.Algorithm, signature));
        }
        var manifest = ManifestVerifier.Verify(bytes, signatures, shelf.Ring);
        if (!manifest.IsOk)
            return manifest.Problem;
        var now = time.GetUtcNow();
        if (manifest.Value.Created > now + ClockTolerance)
            return new Problem(ProblemKind.Forbidden, $"The manifest says it was signed at {manifest.Value.Created.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z, and here it is {now.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z; set the signer's clock and sign again.", "created");
        // A key that has ended could sign as of long ago: what is new here was signed by keys that hold now.
        var holding = shelf.Ring with { Keys = [.. shelf.Ring.Keys.Where(k => !(k.NotAfter < now) && !(k.NotBefore > now))] };
        if (!ManifestVerifier.Verify(bytes, signatures, holding).IsOk && shelf.Artifacts.GetValueOrDefault(ShelvedArtifact.IdOf(manifest.Value))?.Facts.Manifest.AsSpan().SequenceEqual(bytes) != true)
            return new Problem(ProblemKind.Forbidden, "The manifest is not believed: a key that signed it does not sign any more; sign it with one that does.", "signatures");
        if (!shelf.Contents.TryGetValue(manifest.Value.Sha256, out var content))
            return new Problem(ProblemKind.Conflict, $"The bytes {manifest.Value.Sha256} have not been sent; PUT /api/v1/artifact-contents/{manifest.Value.Sha256} first.", "sha256");
        if (content.Size != manifest.Value.Size)
            return new Problem(ProblemKind.Invalid, $"The manifest says {manifest.Value.Size} bytes, and {content.Size} were sent.", "size");
        if (manifest.Value.Component == RingUpdate.Component && NoRing(bytes, signatures, content) is { } noRing)
            return noRing;
        byte[]? bom = null;
        if (request.Bom is { } text)
        {
            bom = Encoding.UTF8.GetBytes(text);
            if (bom.Length > options.MaxBomBytes)
                return new Problem(ProblemKind.TooMuch, $"A bill of materials has at most {options.MaxBomBytes:N0} bytes.", "bom");
            if (CycloneDx.Read(bom, options.MaxBomComponents) is { IsOk: false, Problem: { } wrong })
                return wrong;
        }
        return new Asked(manifest.Value, bytes, request.Signatures, bom is null ? null : Packed.Close(bom));
    }

    /// <summary>Why devices would not take it as their ring of keys.</summary>
    private Problem? NoRing(byte[] manifest, IReadOnlyList<ManifestSignature> signatures, ContentRow content) =>
        content.Size > KeyRingText.MaxBytes ? new Problem(ProblemKind.Invalid, $"It is of the component '{RingUpdate.Component}', and a ring of keys has at most {KeyRingText.MaxBytes:N0} bytes.", "size")
        : folder.Find(content.Sha256) is not { } path ? new Problem(ProblemKind.Conflict, $"The bytes {content.Sha256} are not here; PUT /api/v1/artifact-contents/{content.Sha256} first.", "sha256")
        : RingUpdate.Check(manifest, signatures, File.ReadAllBytes(path)) is { IsOk: false } refused ? refused.Problem
        : null;

    private async Task<Outcome<DecidedChange<Added>>> DecideAsync(ArtifactsDbContext tables, Caller caller, Asked asked, IReadOnlyList<MadeDelta> made, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (tenant, id) = (caller.Tenant.Value, ShelvedArtifact.IdOf(asked.Manifest));
        if (await tables.Artifacts.AsNoTracking().FirstOrDefaultAsync(a => a.Id == id, cancellationToken) is { } there)
        {
            if (!SaysTheSame(there.Manifest, asked.Manifest))
                return new Problem(ProblemKind.Conflict, $"Artifact '{id}' is there with another manifest; delete it, or give this one another version.", "manifest");
            return IsBelieved(caller.Tenant, id)
                ? DecidedChange.None(new Added(there, [], [], IsNew: false))
                : new Problem(ProblemKind.Conflict, $"Artifact '{id}' is there, signed by keys that are not believed any more; delete it, then add this one.", "signatures");
        }
        if (store.Shelf(caller.Tenant).Artifacts.Values.FirstOrDefault(a => Takes(a.Facts, asked.Manifest)) is { } other)
            return new Problem(ProblemKind.Conflict, $"Another file is there as that version: '{other.Facts.Id}'; give this one another version, or delete that one.", "version");
        if (!await tables.Contents.AnyAsync(c => c.Sha256 == asked.Manifest.Sha256, cancellationToken))
            return new Problem(ProblemKind.Conflict, $"The bytes {asked.Manifest.Sha256} are not here any more; PUT /api/v1/artifact-contents/{asked.Manifest.Sha256} again.", "sha256");
        if (await tables.Artifacts.CountAsync(cancellationToken) >= options.MaxArtifacts)
            return new Problem(ProblemKind.TooMuch, $"A tenant has at most {options.MaxArtifacts:N0} artifacts; delete some first.");
        var row = new ArtifactRow
        {
            TenantId = tenant, Id = id, Sha256 = asked.Manifest.Sha256, Manifest = asked.Bytes, Signatures = JsonSerializer.Serialize([.. asked.Signatures], ContractsJson.Default.ListSignatureInfo), Bom = asked.Bom,
            Added = now, AddedBy = caller.Actor,
        };
        var (patches, contents) = (new List<DeltaRow>(), new List<ContentRow>());
        var room = options.MaxBytesOfTenant - await tables.Contents.SumAsync(c => c.Size, cancellationToken);
        foreach (var patch in made)
        {
            if (!contents.Exists(c => c.Sha256 == patch.Sha256) && !await tables.Contents.AnyAsync(c => c.Sha256 == patch.Sha256, cancellationToken))
            {
                if ((room -= patch.Size) < 0)
                    break; // It does without: the whole artifact is there.
                contents.Add(new ContentRow { TenantId = tenant, Sha256 = patch.Sha256, Size = patch.Size, Added = now });
            }
            patches.Add(new DeltaRow { TenantId = tenant, Artifact = id, Base = patch.Base, Sha256 = patch.Sha256, Size = patch.Size, Format = patch.Format });
        }
        return new DecidedChange<Added>(
            new Added(row, patches, contents, IsNew: true), [(null, row), .. patches.Select(p => ((object?)null, (object?)p)), .. contents.Select(c => ((object?)null, (object?)c))], "add", "artifact", id, null,
            new { row.Sha256, asked.Manifest.Size, asked.Manifest.Models, asked.Manifest.Counter, keys = asked.Signatures.Select(s => s.Key), deltas = patches.Count });
    }

    /// <summary>Whether the two say the same but for when they were signed.</summary>
    private static bool SaysTheSame(byte[] there, UpdateManifest asked) =>
        ManifestReader.Read(there) is { IsOk: true } read && ManifestWriter.Write(read.Value with { Created = default }).AsSpan().SequenceEqual(ManifestWriter.Write(asked with { Created = default }));

    private bool IsBelieved(TenantId tenant, string id) =>
        store.Shelf(tenant) is var shelf && shelf.Artifacts.GetValueOrDefault(id)?.Facts is { } facts && ManifestVerifier.Verify(facts.Manifest, facts.Signatures, shelf.Ring).IsOk;

    /// <summary>Whether a device could be given either as the same version.</summary>
    private static bool Takes(ArtifactFacts there, UpdateManifest asked) =>
        there.Component == asked.Component && there.Sha256 != asked.Sha256 && UpdateVersion.Same(there.Version, asked.Version) && there.Models.Intersect(asked.Models, StringComparer.Ordinal).Any()
        && Meet(there.Hardware, asked.Hardware) && Meet(there.FromVersions, asked.From);

    /// <summary>Empty: any.</summary>
    private static bool Meet(IReadOnlyList<string> left, IReadOnlyList<string> right) => left.Count == 0 || right.Count == 0 || left.Intersect(right, StringComparer.Ordinal).Any();

    private void Follow(TenantId tenant, Added added) => store.Follow(tenant, shelf => shelf with
    {
        Artifacts = shelf.Artifacts.SetItem(added.Row.Id, ShelvedArtifact.Of(added.Row, added.Deltas, options)),
        Contents = shelf.Contents.SetItems(added.Contents.Select(c => KeyValuePair.Create(c.Sha256, c))),
    });

    private sealed record Asked(UpdateManifest Manifest, byte[] Bytes, IReadOnlyList<SignatureInfo> Signatures, byte[]? Bom);

    private sealed record Added(ArtifactRow Row, IReadOnlyList<DeltaRow> Deltas, IReadOnlyList<ContentRow> Contents, bool IsNew);
}
