using System.Text.Json;
using Strata.Cloud.Artifacts.Rows;
using Strata.Cloud.Artifacts.Sbom;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Updates;
using Strata.Core.Updates.Manifests;

namespace Strata.Cloud.Artifacts;

/// <summary>An artifact in memory: what other slices see, and what only this one does.</summary>
internal sealed record ShelvedArtifact(ArtifactFacts Facts, DateTimeOffset SignedAt, DateTimeOffset Added, string AddedBy)
{
    public static ShelvedArtifact Of(ArtifactRow row, IEnumerable<DeltaRow> deltas, ArtifactsOptions options)
    {
        // It was read and verified before it was written: what cannot be read now was damaged in the database.
        var read = ManifestReader.Read(row.Manifest);
        var manifest = read.IsOk ? read.Value : throw new InvalidDataException($"Artifact {row.Id} of tenant {row.TenantId}: {read.Problem.Detail}");
        var signatures = JsonSerializer.Deserialize(row.Signatures, ContractsJson.Default.ListSignatureInfo)!;
        var bom = row.Bom is { } packed && CycloneDx.Read(Packed.Open(packed), options.MaxBomComponents) is { IsOk: true } parts ? parts.Value : [];
        return new ShelvedArtifact(
            new ArtifactFacts(
                row.Id, manifest.Component, manifest.Version, manifest.Models, manifest.Hardware, manifest.From, manifest.Needs, manifest.Counter, manifest.Sha256, manifest.Size, manifest.Reversible, row.Manifest,
                [.. signatures.Select(s => new ManifestSignature(s.Key, s.Algorithm, Convert.FromBase64String(s.Signature)))],
                [.. deltas.OrderBy(d => d.Base, StringComparer.Ordinal).Select(d => new DeltaFacts(d.Base, d.Sha256, d.Size, d.Format))], bom),
            manifest.Created, row.Added, row.AddedBy);
    }

    public static string IdOf(UpdateManifest manifest) => $"{manifest.Component}/{manifest.Version}/{manifest.Sha256[..12]}";

    public ArtifactInfo ToInfo(ArtifactShelf shelf, Func<string, bool> isHere) => new(
        Facts.Id, Facts.Component, Facts.Version, Facts.Models, Facts.Hardware, Facts.FromVersions, [.. Facts.Needs.Select(n => new ArtifactNeed(n.Component, n.MinVersion))], Facts.Counter, Facts.Sha256, Facts.Size,
        Facts.Reversible, SignedAt, [.. Facts.Signatures.Where(s => ManifestVerifier.Verify(Facts.Manifest, [s], shelf.Ring with { Threshold = 1 }).IsOk).Select(s => s.Key)],
        [.. Facts.Deltas.Select(d => new ArtifactDelta(d.From, shelf.Artifacts.Values.FirstOrDefault(a => a.Facts.Sha256 == d.From)?.Facts.Version, d.Sha256, d.Size, d.Format))], Facts.Bom.Count,
        shelf.Contents.ContainsKey(Facts.Sha256) && isHere(Facts.Sha256), Added, AddedBy);
}
