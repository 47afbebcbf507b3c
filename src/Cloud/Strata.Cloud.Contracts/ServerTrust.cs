using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Strata.Cloud.Contracts;

/// <summary>Which servers a client of ours trusts.</summary>
public static class ServerTrust
{
    /// <summary>The machine's authorities when no file is named, else those of the PEM file alone. Names and dates are checked either way.</summary>
    /// <param name="option">By which the file was named, for messages.</param>
    /// <exception cref="InvalidDataException">The file cannot be read or holds no certificate.</exception>
    public static SslClientAuthenticationOptions Of(string? authorityFile, string option = "--ca")
    {
        if (authorityFile is null)
            return new SslClientAuthenticationOptions();
        try
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPemFile(authorityFile);
            if (policy.CustomTrustStore.Count == 0)
                throw new InvalidDataException($"{option}: {authorityFile} holds no certificate; name a PEM file of certificates.");
            return new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new InvalidDataException($"{option}: {authorityFile} cannot be read: {e.Message}", e);
        }
    }
}
