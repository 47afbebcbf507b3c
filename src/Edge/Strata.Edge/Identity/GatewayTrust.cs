using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Strata.Edge.Identity;

/// <summary>
/// Whether a gateway's certificate is trusted: by the authorities of a file, or the machine's. With a file, a certificate whose only fault is its time is taken too: a device whose clock is
/// wrong must still be able to come home, and what is not by one of these authorities is refused whatever the time.
/// </summary>
internal sealed class GatewayTrust
{
    private readonly X509Certificate2Collection authorities = [];

    /// <exception cref="EdgeConfigurationException">The file cannot be read.</exception>
    public static GatewayTrust Read(string? file)
    {
        var trust = new GatewayTrust();
        if (file is null)
            return trust;
        try
        {
            trust.authorities.ImportFromPemFile(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new EdgeConfigurationException($"--ca: {file} cannot be read as certificates in PEM: {e.Message}", e);
        }
        return trust.authorities.Count > 0 ? trust : throw new EdgeConfigurationException($"--ca: {file} holds no certificate (PEM).");
    }

    public bool Accepts(X509Certificate? shown, X509Chain? sent, SslPolicyErrors errors)
    {
        if (authorities.Count == 0)
            return errors == SslPolicyErrors.None;
        if (shown is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        if (sent is not null)
            chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        return chain.Build(new X509Certificate2(shown));
    }
}
