using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Strata.Cloud.Identity.Authorities;
using Strata.Cloud.Identity.Rows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Identity;
using Strata.Node.Identity;

namespace Strata.Cloud.Identity;

/// <summary>Certifies keys of many devices that were just registered: one transaction, one audit record with a digest.</summary>
internal sealed class CertifyDevices(IdentityStore store, IdentityOptions options, CertificateDirectory directory) : IDeviceCertifier
{
    public string? Refuse(ReadOnlySpan<byte> publicKey)
    {
        try
        {
            var key = PublicKey.CreateFromSubjectPublicKeyInfo(publicKey, out var read);
            return read == publicKey.Length ? KeyStrength.Refuse(key) : "Something follows the key.";
        }
        catch (CryptographicException)
        {
            return "A key is the base64 of a public key (SubjectPublicKeyInfo, DER).";
        }
    }

    public async Task<Outcome<CertifiedDevices>> CertifyAsync(Caller caller, IReadOnlyList<KeyToCertify> keys, CancellationToken cancellationToken)
    {
        var authority = await store.AuthorityAsync(caller, cancellationToken);
        if (!authority.IsOk)
            return authority.Problem;
        var (signer, life) = (authority.Value, directory.PolicyOf(caller.Tenant).Lifetime);
        return await store.ChangeAsync<CertifiedDevices>(caller, (_, now, _) =>
        {
            var stamp = Stamp(signer, keys[0], caller, now, life);
            var (rows, certificates, serials) = (new List<(object?, object?)>(keys.Count), new List<string>(keys.Count), new StringBuilder());
            foreach (var key in keys)
            {
                var (name, serial) = (new CertificateName(CertificateUse.Operational, caller.Tenant, key.Device), CertificateMaker.Serial());
                certificates.Add(PemEncoding.WriteString("CERTIFICATE", stamp.Make(name, key.PublicKey, serial)) + "\n");
                var row = new CertificateRow
                {
                    TenantId = caller.Tenant.Value, Serial = Convert.ToHexStringLower(serial), Authority = signer.Id, Device = key.Device.Value, Use = nameof(CertificateUse.Operational), NotBefore = stamp.NotBefore,
                    NotAfter = stamp.NotAfter, KeyHash = Convert.ToHexStringLower(SHA256.HashData(key.PublicKey)), Standing = nameof(CertificateStanding.Good), Issued = now,
                };
                rows.Add((null, row));
                serials.Append(row.Serial).Append('\n');
            }
            var chain = string.Concat(signer.Above.Prepend(signer.Certificate).Select(c => c.ExportCertificatePem() + "\n"));
            return Task.FromResult<Outcome<DecidedChange<CertifiedDevices>>>(new DecidedChange<CertifiedDevices>(
                new CertifiedDevices(certificates, chain), rows, "issue", "certificates", $"{keys.Count} certificates", null,
                new { certificates = keys.Count, sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(serials.ToString()))) }));
        }, cancellationToken);
    }

    private CertificateStamp Stamp(SigningAuthority signer, KeyToCertify first, Caller caller, DateTimeOffset now, TimeSpan life)
    {
        var key = PublicKey.CreateFromSubjectPublicKeyInfo(first.PublicKey, out _);
        using var pattern = CertificateMaker.Device(signer, key, new CertificateName(CertificateUse.Operational, caller.Tenant, first.Device), options.StatusOf(signer.Id), now, life);
        return new CertificateStamp(signer, pattern);
    }
}
