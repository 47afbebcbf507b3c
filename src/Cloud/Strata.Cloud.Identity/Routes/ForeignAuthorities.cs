using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Identity.Authorities;
using Strata.Cloud.Identity.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Identity;

namespace Strata.Cloud.Identity.Routes;

/// <summary>
/// Somebody else's authorities. Registering one gives a challenge; it is trusted once it has signed a certificate that bears the challenge as its common name, so that only who has its key
/// can bring its devices in. One tenant has it at a time.
/// </summary>
internal static class ForeignAuthorities
{
    /// <summary><c>POST /api/v1/ca/authorities</c>.</summary>
    public static async Task<IResult> RegisterAsync(HttpContext context, IdentityStore store, IdentityOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var certificate = await ReadAsync(context, cancellationToken);
        if (!certificate.IsOk)
            return ProblemResults.Of(certificate.Problem);
        using var authority = certificate.Value;
        if (Refuse(authority, time.GetUtcNow()) is { } wrong)
            return ProblemResults.Of(ProblemKind.Invalid, wrong, "certificate");
        var (caller, id) = (Caller.Of(context), IdOf(authority));
        var outcome = await store.ChangeAsync<AuthorityRow>(caller, async (tables, now, stop) =>
        {
            if (await tables.Authorities.AsNoTracking().FirstOrDefaultAsync(a => a.Id == id, stop) is { } known)
                return known is { IsTrusted: false, Challenge: not null } ? DecidedChange.None(known) : new Problem(ProblemKind.Conflict, $"The authority is registered already, as {id}.", "certificate");
            if (await tables.Authorities.CountAsync(a => a.Kind == AuthorityKinds.Foreign && a.Reason == null, stop) >= options.MaxForeignAuthorities)
                return new Problem(ProblemKind.TooMuch, $"{options.MaxForeignAuthorities} foreign authorities are registered; revoke one that is not used.", "certificate");
            var subject = authority.Subject.Length > 256 ? authority.Subject[..256] : authority.Subject;
            var row = new AuthorityRow
            {
                TenantId = caller.Tenant.Value, Id = id, Kind = AuthorityKinds.Foreign, Name = subject, Challenge = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24)), Certificate = authority.RawData,
                Above = [], Key = [], WrappedBy = "", IsTrusted = false, NotAfter = authority.NotAfter.ToUniversalTime(), Created = now,
            };
            return new DecidedChange<AuthorityRow>(row, [(null, row)], "register", "authority", id, null, new { row.Kind, subject, row.NotAfter });
        }, cancellationToken);
        return outcome.ToResult(row => Results.Json(AuthorityRoutes.Info(row, time.GetUtcNow()), ContractsJson.Default.AuthorityInfo, statusCode: StatusCodes.Status201Created));
    }

    /// <summary><c>POST /api/v1/ca/authorities/{authority}/proof</c>.</summary>
    public static async Task<IResult> ProveAsync(string authority, HttpContext context, IdentityStore store, CertificateDirectory directory, TimeProvider time, CancellationToken cancellationToken)
    {
        var proof = await ReadAsync(context, cancellationToken);
        if (!proof.IsOk)
            return ProblemResults.Of(proof.Problem);
        using var certificate = proof.Value;
        var id = authority.ToLowerInvariant();
        var outcome = await store.ChangeAsync<AuthorityRow>(Caller.Of(context), async (tables, now, stop) =>
        {
            if (await tables.Authorities.AsNoTracking().FirstOrDefaultAsync(a => a.Id == id && a.Kind == AuthorityKinds.Foreign, stop) is not { } row)
                return AuthorityRoutes.Unknown(authority);
            if (row.Challenge is not { } challenge)
                return row.IsTrusted ? DecidedChange.None(row) : new Problem(ProblemKind.Conflict, "The authority was revoked; it does not come back.");
            if (certificate.SubjectName.CommonName() != challenge)
                return new Problem(ProblemKind.Invalid, $"The proof's common name is not the challenge, {challenge}.", "certificate");
            using var known = X509CertificateLoader.LoadCertificate(row.Certificate);
            if (new TrustedAuthority(context.Access().Tenant, row.Id, known, [], IsForeign: true) is var claimed && (!claimed.MayHaveIssued(certificate) || claimed.Refuse(certificate, now) is not null))
                return new Problem(ProblemKind.Invalid, "The proof is not signed with the authority's key.", "certificate");
            if (directory.Find(id) is not null)
                return new Problem(ProblemKind.Conflict, "The authority is another tenant's here; it can be one's only.", "certificate");
            var next = row with { IsTrusted = true, Challenge = null };
            return new DecidedChange<AuthorityRow>(next, [(row, next)], "trust", "authority", id, null, new { row.Name });
        }, cancellationToken, store.Follow);
        return outcome.ToResult(row => Results.Json(AuthorityRoutes.Info(row, time.GetUtcNow()), ContractsJson.Default.AuthorityInfo));
    }

    /// <summary>Not by the key id that it bears, which it can choose: by its key.</summary>
    private static string IdOf(X509Certificate2 authority) => Convert.ToHexStringLower(SHA256.HashData(authority.PublicKey.ExportSubjectPublicKeyInfo()).AsSpan(0, 20));

    private static string? Refuse(X509Certificate2 authority, DateTimeOffset now)
    {
        if (!authority.Extensions.OfType<X509BasicConstraintsExtension>().Any(b => b.CertificateAuthority))
            return "The certificate is not an authority's (basicConstraints CA:TRUE is missing).";
        if (authority.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault() is { } usage && !usage.KeyUsages.HasFlag(X509KeyUsageFlags.KeyCertSign))
            return "The authority's key may not sign certificates (keyUsage keyCertSign is missing).";
        if (authority.NotAfter.ToUniversalTime() <= now.UtcDateTime)
            return $"The authority's certificate expired at {authority.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm:ss} UTC.";
        return KeyStrength.RefuseForeign(authority.PublicKey);
    }

    private static async Task<Outcome<X509Certificate2>> ReadAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.CertificatePem, cancellationToken);
        if (!request.IsOk)
            return request.Problem;
        try
        {
            return X509Certificate2.CreateFromPem(request.Value.Certificate ?? "");
        }
        catch (CryptographicException)
        {
            return new Problem(ProblemKind.Invalid, "'certificate' is a certificate in PEM (-----BEGIN CERTIFICATE-----).", "certificate");
        }
    }
}
