using Strata.Cloud.Platform.Archive;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Manifests;
using Strata.Storage;

namespace Strata.Cloud.Artifacts.Content;

/// <summary>Bytes of artifacts and patches, which travel with their tenant.</summary>
internal sealed class ArtifactFiles(ArtifactsStore store, ContentFolder folder, ContentPins pins, ArtifactsOptions options) : ITenantFiles
{
    public string Kind => "artifacts";

    public HeldFiles Hold(TenantId tenant)
    {
        var held = store.Shelf(tenant).Contents.Keys.Select(sha256 => (Name: sha256, Pin: pins.Hold(sha256))).ToList();
        // One that went before it was held belongs to no artifact any more.
        return new HeldFiles([.. held.Select(h => h.Name).Where(n => folder.Find(n) is not null)], Open, [.. held.Select(h => h.Pin)]);
    }

    public async Task<Outcome<HeldFiles>> TakeAsync(string name, Stream content, CancellationToken cancellationToken)
    {
        if (!ManifestLimits.IsSha256(name))
            return new Problem(ProblemKind.Invalid, "Artifacts are named by their SHA-256.");
        var pin = pins.Hold(name);
        try
        {
            var taken = await folder.TakeAsync(content, name, options.MaxArtifactBytes, cancellationToken);
            if (taken.IsOk)
                return new HeldFiles([name], Open, [pin]);
            pin.Dispose();
            return taken.Problem;
        }
        catch
        {
            pin.Dispose();
            throw;
        }
    }

    private FileStream Open(string sha256) => SafeFiles.OpenToSend(folder.Find(sha256)!);
}
