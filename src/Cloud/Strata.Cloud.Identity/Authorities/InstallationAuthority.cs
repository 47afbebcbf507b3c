using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Cloud.Platform.Isolation;
using Strata.Core.Identity;
using Strata.Storage;

namespace Strata.Cloud.Identity.Authorities;

/// <summary>
/// The root of the installation and the intermediate below it, which certifies tenants' authorities and the node's server certificate. In the folder <c>ca</c>: made when they are first needed,
/// keys wrapped with the installation's key. The root's key leaves the machine by <c>strata ca init</c>; nothing that the node does needs it. Safe for use by any number of threads.
/// </summary>
internal sealed class InstallationAuthority(string folder, IInstallationKey installation, TimeProvider time) : IWrappedKeys, IDisposable
{
    private readonly SemaphoreSlim changing = new(1, 1);
    private SigningAuthority? signing;

    private string RootFile => Path.Combine(folder, "root.crt.pem");

    private string RootKeyFile => Path.Combine(folder, "root.key.wrapped");

    private string CertificateFile => Path.Combine(folder, "installation.crt.pem");

    private string KeyFile => Path.Combine(folder, "installation.key.wrapped");

    /// <summary>The intermediate; made with the root when there is none.</summary>
    /// <exception cref="InvalidDataException">What is kept is damaged; the message says what to do.</exception>
    /// <exception cref="InstallationKeyException">The installation's key is another.</exception>
    public async Task<SigningAuthority> GetAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref signing) is { } known)
            return known;
        await changing.WaitAsync(cancellationToken);
        try
        {
            return signing ??= File.Exists(CertificateFile) ? await ReadAsync(cancellationToken) : await MakeAsync(cancellationToken);
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>The root's key as PKCS #8 PEM; null when it has left this machine.</summary>
    public async Task<string?> RootKeyAsync(CancellationToken cancellationToken)
    {
        await GetAsync(cancellationToken);
        if (!File.Exists(RootKeyFile))
            return null;
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(await UnwrapAsync(RootKeyFile, cancellationToken), out _);
        return key.ExportPkcs8PrivateKeyPem();
    }

    /// <summary>Destroys this machine's copy of the root's key.</summary>
    public async Task ForgetRootKeyAsync(CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            File.Delete(RootKeyFile);
            SafeFiles.SyncFolder(folder);
        }
        finally
        {
            changing.Release();
        }
    }

    public async Task<IReadOnlyCollection<string>> WrapAnewAsync(string current, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            var before = new HashSet<string>();
            foreach (var file in new[] { RootKeyFile, KeyFile }.Where(File.Exists))
            {
                var (id, _) = Split(file, await File.ReadAllBytesAsync(file, cancellationToken));
                if (id == current)
                    continue;
                before.Add(id);
                await WrapAsync(file, await UnwrapAsync(file, cancellationToken), cancellationToken);
            }
            return before;
        }
        finally
        {
            changing.Release();
        }
    }

    public void Dispose() => changing.Dispose();

    private async Task<SigningAuthority> MakeAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder, SafeFiles.OwnerOnly | UnixFileMode.UserExecute);
        var now = time.GetUtcNow();
        var mark = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(3));
        var root = CertificateMaker.Root($"Strata root {mark}", now);
        var intermediate = CertificateMaker.Intermediate(root, $"Strata installation {mark}", null, below: 1, CertificateTerms.Root, now);
        await WrapAsync(RootKeyFile, root.Key.ExportPkcs8PrivateKey(), cancellationToken);
        await WrapAsync(KeyFile, intermediate.Key.ExportPkcs8PrivateKey(), cancellationToken);
        Write(RootFile, root.Certificate.ExportCertificatePem() + "\n");
        Write(CertificateFile, intermediate.Certificate.ExportCertificatePem() + "\n"); // Last: with it there is an authority.
        return intermediate;
    }

    private async Task<SigningAuthority> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var key = ECDsa.Create();
            key.ImportPkcs8PrivateKey(await UnwrapAsync(KeyFile, cancellationToken), out _);
            return new SigningAuthority(X509CertificateLoader.LoadCertificateFromFile(CertificateFile), key, [X509CertificateLoader.LoadCertificateFromFile(RootFile)]);
        }
        catch (Exception e) when (e is CryptographicException or IOException)
        {
            throw new InvalidDataException($"The certificate authority in {folder} cannot be read ({e.Message}); restore the folder from a backup. Without it no certificate can be issued or renewed.", e);
        }
    }

    private async Task WrapAsync(string file, byte[] key, CancellationToken cancellationToken)
    {
        var id = await installation.CurrentAsync(cancellationToken);
        var wrapped = await installation.WrapAsync(id, key, Place(file), cancellationToken);
        CryptographicOperations.ZeroMemory(key);
        SafeFiles.Replace(file, [.. System.Text.Encoding.ASCII.GetBytes(id + "\n"), .. wrapped], RandomAccess.FlushToDisk);
    }

    private async Task<byte[]> UnwrapAsync(string file, CancellationToken cancellationToken)
    {
        var (id, wrapped) = Split(file, await File.ReadAllBytesAsync(file, cancellationToken));
        return await installation.UnwrapAsync(id, wrapped, Place(file), cancellationToken);
    }

    private static (string Id, byte[] Wrapped) Split(string file, byte[] content)
    {
        var end = Array.IndexOf(content, (byte)'\n');
        return end > 0
            ? (System.Text.Encoding.ASCII.GetString(content, 0, end), content[(end + 1)..])
            : throw new InvalidDataException($"{file} holds no wrapped key; restore it from a backup.");
    }

    private static string Place(string file) => $"strata authority {Path.GetFileName(file)}";

    private static void Write(string file, string text) => SafeFiles.Replace(file, System.Text.Encoding.ASCII.GetBytes(text), RandomAccess.FlushToDisk);
}
