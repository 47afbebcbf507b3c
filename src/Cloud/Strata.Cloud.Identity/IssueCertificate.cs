using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Identity.Authorities;
using Strata.Cloud.Identity.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Identity;
using Strata.Core.Tenancy;
using Strata.Node.Identity;

namespace Strata.Cloud.Identity;

/// <summary>A certificate that was issued.</summary>
/// <param name="Chain">Those between it and the root, the root last.</param>
internal sealed record IssuedCertificate(X509Certificate2 Certificate, IReadOnlyList<X509Certificate2> Chain, CertificateRow Row);

/// <summary>
/// Certifies the key of a certificate signing request (PKCS #10) for a device. What the request says of a name is checked, not taken: a certificate names whom its asker has proved to be.
/// </summary>
internal sealed class IssueCertificate(IdentityStore store, IdentityOptions options, CertificateDirectory directory, InstallationAuthority installation, RootsGiven given) : IEnrolment
{
    private const int MaxBytes = 16 * 1024;

    public async Task<Outcome<EnrolledCertificate>> EnrolAsync(TenantId tenant, DeviceId device, string? calledAlso, IPAddress? from, byte[] request, CancellationToken cancellationToken)
    {
        var caller = new Caller(tenant, device.Value) { Origin = from?.ToString() };
        var issued = await RunAsync(caller, new CertificateName(CertificateUse.Operational, tenant, device), request, cancellationToken, calledAlso);
        return issued.IsOk ? new EnrolledCertificate(issued.Value.Certificate, issued.Value.Chain) : issued.Problem;
    }

    public IReadOnlyList<X509Certificate2> Roots => installation.Known?.Roots ?? [];

    public Task ToldAsync(TenantId tenant, DeviceId device, CancellationToken cancellationToken) => given.NoteAsync(tenant, device, cancellationToken);

    public Outcome<X500DistinguishedName> SubjectOf(byte[] request)
    {
        var asked = Read(request);
        return asked.IsOk ? asked.Value.SubjectName : asked.Problem;
    }

    public async Task<Outcome<IssuedCertificate>> RunAsync(Caller caller, CertificateName name, byte[] request, CancellationToken cancellationToken, string? alias = null)
    {
        var key = ReadKey(request, name, alias);
        if (!key.IsOk)
            return key.Problem;
        var authority = await store.AuthorityAsync(caller, cancellationToken);
        if (!authority.IsOk)
            return authority.Problem;
        var life = name.Use == CertificateUse.Operational ? directory.PolicyOf(name.Tenant).Lifetime : CertificateTerms.Birth;
        return await store.ChangeAsync<IssuedCertificate>(caller, async (context, now, stop) =>
        {
            var before = await context.Certificates.AsNoTracking().Where(c => c.Device == name.Device.Value).ToListAsync(stop);
            if (before.Count(c => c.NotAfter > now && c.Standing == nameof(CertificateStanding.Good)) >= options.MaxPerDevice)
                return new Problem(ProblemKind.TooMuch, $"{name.Device.Value} has {options.MaxPerDevice} certificates that hold; revoke those that it does not use.");
            var made = CertificateMaker.Device(authority.Value, key.Value, name, options.StatusOf(authority.Value.Id), now, life);
            var row = RowOf(made, authority.Value.Id, name, key.Value, now);
            // What can be shown no more is not kept; what may still ask for the next one is.
            var last = now - CertificateTerms.Tolerance - directory.PolicyOf(name.Tenant).Grace;
            List<(object?, object?)> rows = [.. before.Where(c => c.NotAfter < last).Select(c => ((object?)c, (object?)null)), (null, row)];
            return new DecidedChange<IssuedCertificate>(
                new IssuedCertificate(made, [authority.Value.Certificate, .. authority.Value.Above], row), rows, "issue", "certificate", row.Serial, null,
                new { row.Device, row.Use, row.NotAfter, row.KeyHash });
        }, cancellationToken);
    }

    internal static CertificateRow RowOf(X509Certificate2 made, string authority, in CertificateName name, PublicKey key, DateTimeOffset now) => new()
    {
        TenantId = name.Tenant.Value, Serial = made.SerialNumber.ToLowerInvariant(), Authority = authority, Device = name.Device.Value, Use = name.Use.ToString(),
        NotBefore = made.NotBefore.ToUniversalTime(), NotAfter = made.NotAfter.ToUniversalTime(), KeyHash = Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo())),
        Standing = nameof(CertificateStanding.Good), Issued = now,
    };

    private static Outcome<CertificateRequest> Read(byte[] request)
    {
        if (request.Length is 0 or > MaxBytes)
            return new Problem(ProblemKind.Invalid, $"A certificate signing request (PKCS #10, DER) has 1 to {MaxBytes} bytes; this has {request.Length}.", "csr");
        try
        {
            return CertificateRequest.LoadSigningRequest(request, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.Default, RSASignaturePadding.Pkcs1);
        }
        catch (Exception e) when (e is CryptographicException or NotSupportedException or ArgumentException)
        {
            return new Problem(ProblemKind.Invalid, $"The certificate signing request is not one (PKCS #10), is not signed with its own key, or its key is of a kind that cannot be certified here (ECDSA P-256, P-384, P-521, RSA): {e.Message}", "csr");
        }
    }

    private static Outcome<PublicKey> ReadKey(byte[] request, in CertificateName name, string? alias)
    {
        var asked = Read(request);
        if (!asked.IsOk)
            return asked.Problem;
        var common = asked.Value.SubjectName.CommonName();
        if (name.Use != CertificateUse.Claim && common is not null && common != name.Device.Value && common != alias)
            return new Problem(ProblemKind.Forbidden, $"The request's common name is '{(common.Length > 64 ? common[..64] : common)}', and the caller is {name.Device.Value}: leave it out, or name yourself.", "csr");
        return KeyStrength.Refuse(asked.Value.PublicKey) is { } weak ? new Problem(ProblemKind.Invalid, weak, "csr") : asked.Value.PublicKey;
    }
}
