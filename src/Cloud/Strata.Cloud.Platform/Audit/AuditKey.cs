using System.Security.Cryptography;

namespace Strata.Cloud.Platform.Audit;

/// <summary>
/// The key that signs the ends of the audit chains: 256 random bits in <c>audit.key</c> of the data folder, readable by its owner only. It is not in the database, so that
/// who can change the tables cannot sign them.
/// </summary>
public sealed class AuditKey
{
    private const int Length = 32;
    private readonly byte[] key;

    private AuditKey(byte[] key) => this.key = key;

    public ReadOnlySpan<byte> Bytes => key;

    /// <exception cref="InvalidDataException">The file holds no key; the message says what to do.</exception>
    public static AuditKey LoadOrCreate(string dataFolder)
    {
        var path = Path.Combine(dataFolder, "audit.key");
        if (!File.Exists(path))
        {
            var fresh = RandomNumberGenerator.GetBytes(Length);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
            using (var file = new FileStream(path + ".new", options))
            {
                file.Write(fresh);
                file.Flush(flushToDisk: true);
            }
            File.Move(path + ".new", path, overwrite: false);
        }
        var bytes = File.ReadAllBytes(path);
        return bytes.Length == Length ? new AuditKey(bytes) : throw new InvalidDataException($"{path} is not the audit key; restore it from a backup. Without it the audit trail cannot be verified.");
    }
}
