using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Strata.Mqtt.Broker;

/// <summary>A server's certificate from PEM files; looked at again once a second at most, so that a renewed one is served without a restart.</summary>
internal sealed class CertificateFile
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly string certificatePath;
    private readonly string keyPath;
    private readonly TimeProvider time;
    private readonly Action<string> problem;
    private readonly Lock gate = new();
    private X509Certificate2 current;
    private (DateTime Certificate, DateTime Key) written;
    private long lookedAt;

    /// <exception cref="BrokerConfigurationException">The files cannot be used; the message says why.</exception>
    public CertificateFile(string certificatePath, string keyPath, TimeProvider time, Action<string> problem)
    {
        (this.certificatePath, this.keyPath, this.time, this.problem) = (certificatePath, keyPath, time, problem);
        current = Read();
        lookedAt = time.GetTimestamp();
    }

    /// <summary>The certificate to serve with now.</summary>
    public X509Certificate2 Current
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
                catch (BrokerConfigurationException e)
                {
                    problem(e.Message + " The certificate before is still served.");
                }

                return current;
            }
        }
    }

    /// <summary>The authorities of a PEM file.</summary>
    public static X509Certificate2Collection Authorities(string path)
    {
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(path);
            return authorities.Count > 0 ? authorities : throw new BrokerConfigurationException($"--client-ca: {path} holds no certificate.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new BrokerConfigurationException($"--client-ca: {path} cannot be read: {e.Message}", e);
        }
    }

    private (DateTime Certificate, DateTime Key) Written() => (File.GetLastWriteTimeUtc(certificatePath), File.GetLastWriteTimeUtc(keyPath));

    private X509Certificate2 Read()
    {
        try
        {
            if ((new FileInfo(keyPath).UnixFileMode & (UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
                throw new BrokerConfigurationException($"--key: {keyPath} can be read or changed by others; 'chmod 600 {keyPath}'.");
            var seen = Written();
            var certificate = X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
            written = seen;
            return certificate;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new BrokerConfigurationException($"--cert {certificatePath}, --key {keyPath}: {e.Message}", e);
        }
    }
}
