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
    public async Task<Outcome<CertifiedDevices>> CertifyAsync(Caller caller, IReadOnlyList<KeyToCertify> keys, CancellationToken cancellationToken)
    {
        var read = Read(keys);
        if (!read.IsOk)
            return read.Problem;
        var authority = await store.AuthorityAsync(caller, cancellationToken);
        if (!authority.IsOk)
            return authority.Problem;
        var (signer, life) = (authority.Value, directory.PolicyOf(caller.Tenant).Lifetime);
        return await store.ChangeAsync<CertifiedDevices>(caller, (_, now, _) =>
        {
            var (rows, certificates, serials) = (new List<(object?, object?)>(keys.Count), new List<string>(keys.Count), new StringBuilder());
            for (var i = 0; i < keys.Count; i++)
            {
                var name = new CertificateName(CertificateUse.Operational, caller.Tenant, keys[i].Device);
                using var made = CertificateMaker.Device(signer, read.Value[i], name, options.StatusOf(signer.Id), now, life);
                var row = IssueCertificate.RowOf(made, signer.Id, name, read.Value[i], now);
                rows.Add((null, row));
                certificates.Add(made.ExportCertificatePem() + "\n");
                serials.Append(row.Serial).Append('\n');
            }
            var chain = string.Concat(signer.Above.Prepend(signer.Certificate).Select(c => c.ExportCertificatePem() + "\n"));
            return Task.FromResult<Outcome<DecidedChange<CertifiedDevices>>>(new DecidedChange<CertifiedDevices>(
                new CertifiedDevices(certificates, chain), rows, "issue", "certificates", $"{keys.Count} certificates", null,
                new { certificates = keys.Count, sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(serials.ToString()))) }));
        }, cancellationToken);
    }

    public Problem? Check(IReadOnlyList<KeyToCertify> keys) => Read(keys).Problem;

    private static Outcome<List<PublicKey>> Read(IReadOnlyList<KeyToCertify> keys)
    {
        var read = new List<PublicKey>(keys.Count);
        for (var i = 0; i < keys.Count; i++)
        {
            try
            {
                var key = PublicKey.CreateFromSubjectPublicKeyInfo(keys[i].PublicKey, out _);
                if (KeyStrength.Refuse(key) is { } weak)
                    return new Problem(ProblemKind.Invalid, weak, $"devices[{i}].key");
                read.Add(key);
            }
            catch (CryptographicException)
            {
                return new Problem(ProblemKind.Invalid, "A key is the base64 of a public key (SubjectPublicKeyInfo, DER).", $"devices[{i}].key");
            }
        }
        return read;
    }
}
