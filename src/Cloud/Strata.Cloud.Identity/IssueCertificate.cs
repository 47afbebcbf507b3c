using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Identity.Authorities;
using Strata.Cloud.Identity.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Identity;

namespace Strata.Cloud.Identity;

/// <summary>A certificate that was issued.</summary>
/// <param name="Chain">Those between it and the root, the root last.</param>
internal sealed record IssuedCertificate(X509Certificate2 Certificate, IReadOnlyList<X509Certificate2> Chain, CertificateRow Row);

/// <summary>
/// Certifies the key of a certificate signing request (PKCS #10) for a device. What the request says of a name is checked, not taken: a certificate names whom its asker has proved to be.
/// </summary>
internal sealed class IssueCertificate(IdentityStore store, IdentityOptions options)
{
    private const int MaxBytes = 16 * 1024;
    private const int LeastRsaBits = 2048;

    public async Task<Outcome<IssuedCertificate>> RunAsync(Caller caller, CertificateName name, byte[] request, CancellationToken cancellationToken)
    {
        var key = ReadKey(request, name);
        if (!key.IsOk)
            return key.Problem;
        var authority = await store.AuthorityAsync(caller, cancellationToken);
        if (!authority.IsOk)
            return authority.Problem;
        var life = name.Use == CertificateUse.Birth ? CertificateTerms.Birth : options.Lifetime;
        return await store.ChangeAsync<IssuedCertificate>(caller, async (context, now, stop) =>
        {
            var before = await context.Certificates.AsNoTracking().Where(c => c.Device == name.Device.Value).ToListAsync(stop);
            if (before.Count(c => c.NotAfter > now && c.Standing == nameof(CertificateStanding.Good)) >= options.MaxPerDevice)
                return new Problem(ProblemKind.TooMuch, $"{name.Device.Value} has {options.MaxPerDevice} certificates that hold; revoke those that it does not use.");
            var made = CertificateMaker.Device(authority.Value, key.Value, name, options.StatusOf(authority.Value.Id), now, life);
            var row = new CertificateRow
            {
                TenantId = name.Tenant.Value, Serial = made.SerialNumber.ToLowerInvariant(), Authority = authority.Value.Id, Device = name.Device.Value, Use = name.Use.ToString(),
                NotBefore = made.NotBefore.ToUniversalTime(), NotAfter = made.NotAfter.ToUniversalTime(), KeyHash = Convert.ToHexStringLower(SHA256.HashData(key.Value.ExportSubjectPublicKeyInfo())),
                Standing = nameof(CertificateStanding.Good), Issued = now,
            };
            // What can be shown no more is not kept.
            List<(object?, object?)> rows = [.. before.Where(c => c.NotAfter + CertificateTerms.Tolerance < now).Select(c => ((object?)c, (object?)null)), (null, row)];
            return new DecidedChange<IssuedCertificate>(
                new IssuedCertificate(made, [authority.Value.Certificate, .. authority.Value.Above], row), rows, "issue", "certificate", row.Serial, null,
                new { row.Device, row.Use, row.NotAfter, row.KeyHash });
        }, cancellationToken);
    }

    private static Outcome<PublicKey> ReadKey(byte[] request, in CertificateName name)
    {
        if (request.Length is 0 or > MaxBytes)
            return new Problem(ProblemKind.Invalid, $"A certificate signing request (PKCS #10, DER) has 1 to {MaxBytes} bytes; this has {request.Length}.", "csr");
        CertificateRequest asked;
        try
        {
            asked = CertificateRequest.LoadSigningRequest(request, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.Default, RSASignaturePadding.Pkcs1);
        }
        catch (Exception e) when (e is CryptographicException or NotSupportedException or ArgumentException)
        {
            return new Problem(ProblemKind.Invalid, $"The certificate signing request is not one (PKCS #10), is not signed with its own key, or its key is of a kind that cannot be certified here (ECDSA P-256, P-384, P-521, RSA): {e.Message}", "csr");
        }
        var common = asked.SubjectName.EnumerateRelativeDistinguishedNames().FirstOrDefault(n => !n.HasMultipleElements && n.GetSingleElementType().Value == "2.5.4.3")?.GetSingleElementValue();
        if (common is not null && common != name.Device.Value)
            return new Problem(ProblemKind.Forbidden, $"The request's common name is '{(common.Length > 64 ? common[..64] : common)}', and the caller is {name.Device.Value}: leave it out, or name yourself.", "csr");
        using var rsa = asked.PublicKey.GetRSAPublicKey();
        if (rsa is not null && rsa.KeySize < LeastRsaBits)
            return new Problem(ProblemKind.Invalid, $"The key is RSA of {rsa.KeySize} bits; at least {LeastRsaBits} are needed.", "csr");
        using var curve = asked.PublicKey.GetECDsaPublicKey();
        return rsa is null && curve is null
            ? new Problem(ProblemKind.Invalid, $"Keys of the kind {asked.PublicKey.Oid.Value} cannot be certified here; use ECDSA P-256 or RSA.", "csr")
            : asked.PublicKey;
    }
}
