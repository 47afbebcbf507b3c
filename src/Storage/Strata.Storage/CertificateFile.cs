using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Strata.Storage;

/// <summary>
/// A server's certificate from PEM files (its own first, then those between it and the root) and the file of its key; looked at again once a second at most, so that a
/// renewed one is served without a restart. Safe from any thread.
/// </summary>
public sealed class CertificateFile
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly string certificatePath;
    private readonly string keyPath;
    private readonly TimeProvider time;
    private readonly Action<string> problem;
    private readonly Lock gate = new();
    private SslStreamCertificateContext current;
    private (DateTime Certificate, DateTime Key) written;
    private long lookedAt;

    /// <param name="problem">Told, a sentence at a time, when changed files cannot be used; what was served before still is.</param>
    /// <exception cref="InvalidDataException">The files cannot be used; the message says why and what to do.</exception>
    public CertificateFile(string certificatePath, string keyPath, TimeProvider time, Action<string> problem)
    {
        (this.certificatePath, this.keyPath, this.time, this.problem) = (certificatePath, keyPath, time, problem);
        current = Read();
        lookedAt = time.GetTimestamp();
    }

    /// <summary>What to serve with now.</summary>
    public SslStreamCertificateContext Current
    {
        get
        {
            lock (gate)
            {
                if (time.GetElapsedTime(lookedAt) < LookEvery)
                    return current;
                lookedAt = time.GetTimestamp();
                try
                {
                    if (Written() != written)
                        current = Read();
                }
                catch (InvalidDataException e)
                {
                    problem(e.Message + " The certificate before is still served.");
                }

                return current;
            }
        }
    }

    /// <summary>The authorities of a PEM file.</summary>
    /// <param name="option">Named in the message.</param>
    /// <exception cref="InvalidDataException">It cannot be read or holds none.</exception>
    public static X509Certificate2Collection Authorities(string option, string path)
    {
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(path);
            return authorities.Count > 0 ? authorities : throw new InvalidDataException($"{option}: {path} holds no certificate; name a PEM file of certificates.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new InvalidDataException($"{option}: {path} cannot be read: {e.Message}", e);
        }
    }

    private (DateTime Certificate, DateTime Key) Written() => (File.GetLastWriteTimeUtc(certificatePath), File.GetLastWriteTimeUtc(keyPath));

    private SslStreamCertificateContext Read()
    {
        try
        {
            if (File.Exists(keyPath) && (new FileInfo(keyPath).UnixFileMode & (UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
                throw new InvalidDataException($"--key: {keyPath} can be read or changed by others; 'chmod 600 {keyPath}'.");
            var seen = Written();
            var certificate = X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
            var sent = new X509Certificate2Collection();
            sent.ImportFromPemFile(certificatePath);
            sent.RemoveAt(0);
            var context = SslStreamCertificateContext.Create(certificate, sent, offline: true);
            written = seen;
            return context;
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"--key: {keyPath} is not the key of the first certificate in --cert {certificatePath}; give the key with which that one was asked for, and put the server's own certificate first.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"--cert {certificatePath}, --key {keyPath}: {e.Message} Give files that this process may read.", e);
        }
        catch (CryptographicException e)
        {
            throw new InvalidDataException($"--cert {certificatePath}, --key {keyPath}: {e.Message} Both are PEM, the key without a password.", e);
        }
    }
}
