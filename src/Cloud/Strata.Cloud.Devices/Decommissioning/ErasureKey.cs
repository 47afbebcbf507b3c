using System.Security.Cryptography;

namespace Strata.Cloud.Devices.Decommissioning;

/// <summary>The installation's key that signs certificates of erasure: P-256 in <c>erasure.key</c> of the data folder, readable by its owner only. Its public part is served.</summary>
internal sealed class ErasureKey : IDisposable
{
    private ErasureKey(ECDsa key) => Key = key;

    public ECDsa Key { get; }

    public string PublicPem => Key.ExportSubjectPublicKeyInfoPem() + "\n";

    public static ErasureKey LoadOrCreate(string dataFolder)
    {
        var path = Path.Combine(dataFolder, "erasure.key");
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (File.Exists(path))
        {
            key.ImportFromPem(File.ReadAllText(path));
            return new ErasureKey(key);
        }
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        using (var file = new FileStream(path + ".new", options))
        {
            file.Write(System.Text.Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()));
            file.Flush(flushToDisk: true);
        }
        File.Move(path + ".new", path, overwrite: false);
        return new ErasureKey(key);
    }

    public void Dispose() => Key.Dispose();
}
