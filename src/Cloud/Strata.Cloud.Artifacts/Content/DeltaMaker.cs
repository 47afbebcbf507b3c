using System.Security.Cryptography;
using Strata.Core.Updates.Manifests;
using Strata.Storage;
using Strata.Storage.Patches;

namespace Strata.Cloud.Artifacts.Content;

/// <summary>A patch that was made and is in the folder.</summary>
internal sealed record MadeDelta(string Base, string Sha256, long Size, string Format);

/// <summary>Patches whose files nobody removes until this is disposed; by then they have rows, or are to be removed.</summary>
internal sealed class MadeDeltas(ContentPins pins) : IDisposable
{
    private readonly List<MadeDelta> items = [];
    private readonly List<IDisposable> held = [];

    public IReadOnlyList<MadeDelta> Items => items;

    public IEnumerable<string> Files => items.Select(d => d.Sha256);

    /// <summary>Before its file is written.</summary>
    public void Hold(string sha256) => held.Add(pins.Hold(sha256));

    public void Add(MadeDelta delta) => items.Add(delta);

    public void Dispose() => held.ForEach(h => h.Dispose());
}

/// <summary>Makes patches to a new artifact from the versions that devices run, and keeps those that save enough. One at a time, for the memory it takes.</summary>
internal sealed class DeltaMaker(ContentFolder folder, ContentPins pins, ArtifactsOptions options) : IDisposable
{
    private readonly SemaphoreSlim turn = new(1, 1);

    public void Dispose() => turn.Dispose();

    /// <summary>Adds what it makes to <paramref name="made"/>; nothing more when the disk is full, for a patch is a shortcut.</summary>
    public async Task MakeAsync(ArtifactShelf shelf, UpdateManifest manifest, MadeDeltas made, CancellationToken cancellationToken)
    {
        if (manifest.Size > options.MaxPatchedBytes)
            return;
        foreach (var sha256 in Bases(shelf, manifest))
        {
            await turn.WaitAsync(cancellationToken);
            try
            {
                using var old = pins.Hold(sha256);
                using var now = pins.Hold(manifest.Sha256);
                if (folder.Find(sha256) is not { } oldPath || folder.Find(manifest.Sha256) is not { } newPath)
                    continue;
                var (before, after) = (await File.ReadAllBytesAsync(oldPath, cancellationToken), await File.ReadAllBytesAsync(newPath, cancellationToken));
                var patch = await Task.Run(() => BinaryPatch.Make(before, after, cancellationToken), cancellationToken);
                if (patch.Length <= manifest.Size * options.PatchAtMost && Makes(before, patch, after))
                    await KeepAsync(sha256, patch, made, cancellationToken);
                else if (manifest.From.Count == 0)
                    return; // Versions before that one are further away.
            }
            catch (IOException e) when (SafeFiles.IsFull(e))
            {
                return;
            }
            finally
            {
                turn.Release();
            }
        }
    }

    private async Task KeepAsync(string from, byte[] patch, MadeDeltas made, CancellationToken cancellationToken)
    {
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(patch));
        made.Hold(sha256);
        await folder.TakeAsync(new MemoryStream(patch), sha256, patch.Length, cancellationToken);
        made.Add(new MadeDelta(from, sha256, patch.Length, BinaryPatch.Format));
    }

    /// <summary>What the manifest says it goes over, else the newest before it, of the same component and a model of it.</summary>
    private List<string> Bases(ArtifactShelf shelf, UpdateManifest manifest)
    {
        var like = shelf.InOrder.Select(a => a.Facts)
            .Where(f => f.Component == manifest.Component && f.Sha256 != manifest.Sha256 && f.Size <= options.MaxPatchedBytes && f.Models.Intersect(manifest.Models, StringComparer.Ordinal).Any());
        var wanted = manifest.From.Count > 0
            ? like.Where(f => manifest.From.Any(v => UpdateVersion.Same(v, f.Version)))
            : like.Where(f => UpdateVersion.Compare(f.Version, manifest.Version) < 0).Take(options.PatchedVersions);
        return wanted.Select(f => f.Sha256).Distinct(StringComparer.Ordinal).Take(ManifestLimits.MaxItems).ToList();
    }

    private static bool Makes(byte[] before, byte[] patch, byte[] after)
    {
        using var output = new MemoryStream(after.Length);
        BinaryPatch.Apply(new MemoryStream(before), new MemoryStream(patch), output, after.Length, CancellationToken.None);
        return output.GetBuffer().AsSpan(0, (int)output.Length).SequenceEqual(after);
    }
}
