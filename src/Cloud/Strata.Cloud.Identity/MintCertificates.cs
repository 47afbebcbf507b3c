using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Strata.Cloud.Identity.Authorities;
using Strata.Cloud.Identity.Rows;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Identity;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Identity;

/// <summary>A certificate of many.</summary>
internal sealed record MintedCertificate(string Pem, CertificateRow Row);

/// <summary>Certificates for many keys of one tenant by one authority, all of one use: for the transaction that writes their rows.</summary>
internal static class MintCertificates
{
    /// <param name="keys">At least one; found good.</param>
    /// <returns>In the order of the keys.</returns>
    public static List<MintedCertificate> Make(SigningAuthority signer, TenantId tenant, CertificateUse use, IReadOnlyList<KeyToCertify> keys, IdentityOptions options, DateTimeOffset now, TimeSpan life)
    {
        var first = PublicKey.CreateFromSubjectPublicKeyInfo(keys[0].PublicKey, out _);
        using var pattern = CertificateMaker.Device(signer, first, new CertificateName(use, tenant, keys[0].Device), options.StatusOf(signer.Id), now, life);
        var stamp = new CertificateStamp(signer, pattern);
        var made = new List<MintedCertificate>(keys.Count);
        foreach (var key in keys)
        {
            var serial = CertificateMaker.Serial();
            var pem = PemEncoding.WriteString("CERTIFICATE", stamp.Make(new CertificateName(use, tenant, key.Device), key.PublicKey, serial)) + "\n";
            made.Add(new MintedCertificate(pem, new CertificateRow
            {
                TenantId = tenant.Value, Serial = Convert.ToHexStringLower(serial), Authority = signer.Id, Device = key.Device.Value, Use = use.ToString(), NotBefore = stamp.NotBefore, NotAfter = stamp.NotAfter,
                KeyHash = Convert.ToHexStringLower(SHA256.HashData(key.PublicKey)), Standing = nameof(CertificateStanding.Good), Issued = now,
            }));
        }
        return made;
    }

    /// <summary>What the audit record says of them: how many, and the SHA-256 of their serial numbers, a line each.</summary>
    public static object Summary(IReadOnlyCollection<MintedCertificate> made) => new
    {
        certificates = made.Count, sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Concat(made.Select(m => m.Row.Serial + "\n"))))),
    };

    /// <summary>From the authority to the root, PEM.</summary>
    public static string ChainOf(SigningAuthority signer) => string.Concat(signer.Above.Prepend(signer.Certificate).Select(c => c.ExportCertificatePem() + "\n"));
}
