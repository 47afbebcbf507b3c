using Strata.Core.Updates.Manifests;

namespace Strata.Cloud.Platform.Updates;

/// <summary>An artifact as other slices see it: what its signed manifest says, where its bytes are, and what it is made of. Does not change while it is there.</summary>
/// <param name="Id"><c>{component}/{version}/{first 12 digits of sha256}</c>; unique within its tenant.</param>
/// <param name="Models">What it is for; never empty.</param>
/// <param name="Hardware">Hardware revisions it is for; empty: any.</param>
/// <param name="FromVersions">Versions it can be installed over; empty: any.</param>
/// <param name="Counter">Anti-rollback: a device that has installed a higher one of the same component refuses this one.</param>
/// <param name="Sha256">Of the artifact's bytes, 64 lower-case hexadecimal digits.</param>
/// <param name="Size">Of the artifact, in bytes.</param>
/// <param name="Reversible">Whether a device can go back from it to what it ran before.</param>
/// <param name="Manifest">The exact bytes that were signed (JSON).</param>
/// <param name="Bom">What it is made of; empty when no bill was attached.</param>
public sealed record ArtifactFacts(string Id, string Component, string Version, IReadOnlyList<string> Models, IReadOnlyList<string> Hardware,
    IReadOnlyList<string> FromVersions, IReadOnlyList<ComponentNeed> Needs, long Counter, string Sha256, long Size, bool Reversible, byte[] Manifest,
    IReadOnlyList<ManifestSignature> Signatures, IReadOnlyList<DeltaFacts> Deltas, IReadOnlyList<BomComponent> Bom);

/// <summary>A patch that makes the artifact out of an older one.</summary>
/// <param name="From">SHA-256 of the older artifact's bytes.</param>
/// <param name="Sha256">Of the patch, by which it is downloaded.</param>
/// <param name="Size">Of the patch, in bytes.</param>
/// <param name="Format"><c>bsdiff</c> or <c>zstd-patch</c>.</param>
public sealed record DeltaFacts(string From, string Sha256, long Size, string Format);
