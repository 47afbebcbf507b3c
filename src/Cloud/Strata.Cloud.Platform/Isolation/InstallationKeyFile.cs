using System.Security.Cryptography;
using Strata.Core.Tenancy;
using Strata.Storage;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>
/// The installation's keys in a file of its owner's (0600): a line <c>ID KEY</c> each, in hexadecimal, the current one last. Made when it is missing. Whoever has the file and the
/// database has everything: keep the file's backup elsewhere.
/// </summary>
public sealed class InstallationKeyFile : IInstallationKey
{
    private readonly string path;
    private readonly Lock gate = new();
    private List<(string Id, byte[] Key)> keys;

    private InstallationKeyFile(string path, List<(string, byte[])> keys) => (this.path, this.keys) = (path, keys);

    /// <exception cref="InvalidDataException">The file holds something else, or others may read it; the message says what to do.</exception>
    public static InstallationKeyFile LoadOrCreate(string path)
    {
        if (!File.Exists(path))
        {
            var first = new InstallationKeyFile(path, [New()]);
            first.Write();
            return first;
        }
        if ((File.GetUnixFileMode(path) & ~SafeFiles.OwnerOnly) != 0)
            throw new InvalidDataException($"{path} is the installation's key, and others than its owner may read it: 'chmod 600 {path}', and rotate it if somebody did.");
        var keys = new List<(string, byte[])>();
        foreach (var line in File.ReadAllLines(path).Where(l => l.Length > 0))
        {
            var parts = line.Split(' ');
            if (parts.Length != 2 || parts[0].Length != SealedField.KeyIdLength || parts[1].Length != SealedField.KeyLength * 2 || !line.Replace(" ", "", StringComparison.Ordinal).All(char.IsAsciiHexDigit))
                throw new InvalidDataException($"{path} does not hold the installation's key; restore it from a backup. Without it what is encrypted cannot be read.");
            keys.Add((parts[0], Convert.FromHexString(parts[1])));
        }
        return keys.Count > 0 ? new InstallationKeyFile(path, keys) : throw new InvalidDataException($"{path} is empty; restore the installation's key from a backup.");
    }

    public ValueTask<string> CurrentAsync(CancellationToken cancellationToken)
    {
        lock (gate)
            return ValueTask.FromResult(keys[^1].Id);
    }

    public ValueTask<byte[]> WrapAsync(string id, byte[] key, string place, CancellationToken cancellationToken) => ValueTask.FromResult(
        SealedField.Seal(Find(id), id, RandomNumberGenerator.GetBytes(SealedField.NonceLength), System.Text.Encoding.UTF8.GetBytes(place), key));

    public ValueTask<byte[]> UnwrapAsync(string id, byte[] wrapped, string place, CancellationToken cancellationToken)
    {
        try
        {
            return ValueTask.FromResult(SealedField.Open(Find(id), System.Text.Encoding.UTF8.GetBytes(place), wrapped));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or OverflowException)
        {
            throw new InstallationKeyException($"A data key cannot be unwrapped with the key {id} of {path}: it was changed, or belongs to something else.", e);
        }
    }

    public ValueTask<string> RotateAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            var fresh = New();
            keys = [.. keys, fresh];
            Write();
            return ValueTask.FromResult(fresh.Id);
        }
    }

    public ValueTask DestroyAsync(string id, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (keys[^1].Id == id)
                throw new InvalidOperationException("The current key is not destroyed.");
            keys = [.. keys.Where(k => k.Id != id)];
            Write();
        }
        return ValueTask.CompletedTask;
    }

    private byte[] Find(string id)
    {
        lock (gate)
            return keys.Find(k => k.Id == id).Key ?? throw new InstallationKeyException($"{path} has no key {id}: it was destroyed, or the file is another installation's.");
    }

    /// <summary>What the file held before is overwritten in place, so that it is not found in what the disk calls free.</summary>
    private void Write()
    {
        var text = string.Concat(keys.Select(k => $"{k.Id} {Convert.ToHexStringLower(k.Key)}\n"));
        using var before = File.Exists(path) ? new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete) : null;
        SafeFiles.Replace(path, System.Text.Encoding.ASCII.GetBytes(text), static file => RandomAccess.FlushToDisk(file));
        if (before is null)
            return;
        before.Write(new byte[before.Length]);
        before.Flush(flushToDisk: true);
    }

    private static (string Id, byte[] Key) New() => (Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SealedField.KeyIdLength / 2)), RandomNumberGenerator.GetBytes(SealedField.KeyLength));
}
