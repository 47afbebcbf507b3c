using System.Security.Cryptography;
using Strata.Core;
using Strata.Core.Updates.Manifests;
using Strata.Storage;

namespace Strata.Cloud.Artifacts.Content;

/// <summary>
/// Bytes by their hash, each once however many tenants have it: <c>content/ab/abcdef...</c>. A file there is whole and durable, or it is not there. Says nothing of who may see it.
/// </summary>
internal sealed class ContentFolder
{
    private const UnixFileMode OwnerFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly string content;
    private readonly string incoming;

    /// <param name="folder">The node's alone; made when it is missing.</param>
    public ContentFolder(string folder)
    {
        (content, incoming) = (Path.Combine(folder, "content"), Path.Combine(folder, "incoming"));
        Directory.CreateDirectory(content, OwnerFolder);
        Directory.CreateDirectory(incoming, OwnerFolder);
    }

    /// <summary>Where the bytes are; null when they are not here.</summary>
    public string? Find(string sha256) => ManifestLimits.IsSha256(sha256) && File.Exists(PathOf(sha256)) ? PathOf(sha256) : null;

    /// <summary>
    /// Takes bytes in: reckons their hash while writing, and puts the file in its place when it is the one that was said. What was there already is left; the bytes must have been sent all the same.
    /// </summary>
    /// <param name="maxBytes">One more, and the rest is not read.</param>
    public async Task<Outcome<long>> TakeAsync(Stream from, string sha256, long maxBytes, CancellationToken cancellationToken)
    {
        var part = Path.Combine(incoming, Guid.NewGuid().ToString("N"));
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            long size = 0;
            await using (var file = new FileStream(part, SafeFiles.Options(FileMode.CreateNew, FileAccess.Write)))
            {
                var buffer = new byte[128 * 1024];
                while (await from.ReadAsync(buffer, cancellationToken) is var read && read > 0)
                {
                    if ((size += read) > maxBytes)
                        return new Problem(ProblemKind.TooMuch, $"An artifact has at most {maxBytes:N0} bytes here.", "content");
                    hash.AppendData(buffer, 0, read);
                    await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                }
                RandomAccess.FlushToDisk(file.SafeFileHandle);
            }
            if (Convert.ToHexStringLower(hash.GetHashAndReset()) is var found && found != sha256)
                return new Problem(ProblemKind.Invalid, $"The bytes that came have the hash {found}, not {sha256}; send them again.", "sha256");
            Keep(part, sha256);
            return size;
        }
        finally
        {
            File.Delete(part);
        }
    }

    public void Delete(string sha256) => File.Delete(PathOf(sha256));

    /// <summary>Removes what was being written when the node ended, and what nobody has.</summary>
    /// <returns>How many files of content went.</returns>
    public int Sweep(Func<string, bool> isHad)
    {
        foreach (var part in Directory.EnumerateFiles(incoming))
            File.Delete(part);
        var gone = 0;
        foreach (var file in Directory.EnumerateFiles(content, "*", SearchOption.AllDirectories).Where(f => !isHad(Path.GetFileName(f))).ToList())
        {
            File.Delete(file);
            gone++;
        }
        return gone;
    }

    private void Keep(string part, string sha256)
    {
        var path = PathOf(sha256);
        var folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder, OwnerFolder);
            SafeFiles.SyncFolder(content);
        }
        if (!File.Exists(path))
            File.Move(part, path, overwrite: true);
        SafeFiles.SyncFolder(folder);
    }

    private string PathOf(string sha256) => Path.Combine(content, sha256[..2], sha256);
}
