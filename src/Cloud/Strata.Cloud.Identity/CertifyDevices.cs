using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
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
            var made = MintCertificates.Make(signer, caller.Tenant, CertificateUse.Operational, keys, options, now, life);
            return Task.FromResult<Outcome<DecidedChange<CertifiedDevices>>>(new DecidedChange<CertifiedDevices>(
                new CertifiedDevices(made.ConvertAll(m => m.Pem), MintCertificates.ChainOf(signer)), made.ConvertAll(m => ((object?)null, (object?)m.Row)), "issue", "certificates", $"{keys.Count} certificates", null,
                MintCertificates.Summary(made)));
        }, cancellationToken);
    }
}
