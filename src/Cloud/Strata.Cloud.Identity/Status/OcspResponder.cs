using Microsoft.EntityFrameworkCore;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.Ocsp;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto.Operators;
using Org.BouncyCastle.Ocsp;
using Org.BouncyCastle.Security;
using Strata.Cloud.Identity.Authorities;
using Strata.Core.Identity;
using Strata.Core.Tenancy;
using Strata.Node.Identity;
using BouncyCertificate = Org.BouncyCastle.X509.X509Certificate;

namespace Strata.Cloud.Identity.Status;

/// <summary>
/// Answers OCSP requests, signed by the authority that issued the certificate asked for. A certificate that no authority here has issued is <c>unknown</c>; a nonce comes back as it was asked.
/// </summary>
internal sealed class OcspResponder(IdentityStore store, CertificateDirectory directory, TimeProvider time)
{
    public const string ContentType = "application/ocsp-response";

    /// <summary>More questions than these in one request are not answered.</summary>
    private const int MaxQuestions = 32;

    public async Task<byte[]> AnswerAsync(byte[] request, CancellationToken cancellationToken)
    {
        OcspReq asked;
        Req[] questions;
        try
        {
            asked = new OcspReq(request);
            questions = asked.GetRequestList();
        }
        catch (Exception e) when (e is IOException or ArgumentException or InvalidCastException or Asn1ParsingException)
        {
            return Refuse(OcspResponseStatus.MalformedRequest);
        }
        if (questions.Length is 0 or > MaxQuestions)
            return Refuse(OcspResponseStatus.MalformedRequest);
        var first = questions[0].GetCertID();
        var issuer = directory.Authorities.FirstOrDefault(a => !a.IsForeign && first.MatchesIssuer(new BouncyCertificate(a.Certificate.RawData)));
        if (issuer is not { Tenant: var tenant } || await store.FindAuthorityAsync(tenant, issuer.Id, cancellationToken) is not { } signer)
            return Refuse(OcspResponseStatus.Unauthorized); // RFC 6960, 2.3: it cannot answer for this issuer.
        var certificate = new BouncyCertificate(signer.Certificate.RawData);
        var now = time.GetUtcNow();
        var answer = new BasicOcspRespGenerator(certificate.GetPublicKey());
        foreach (var question in questions)
        {
            var status = question.GetCertID().MatchesIssuer(certificate) ? await StatusAsync(tenant, signer, question, cancellationToken) : new UnknownStatus();
            answer.AddResponse(question.GetCertID(), status, now.UtcDateTime, (now + RevocationLists.Life).UtcDateTime, null);
        }
        if (asked.GetExtensionValue(OcspObjectIdentifiers.PkixOcspNonce) is { } nonce)
            answer.SetResponseExtensions(new X509Extensions(new Dictionary<DerObjectIdentifier, X509Extension> { [OcspObjectIdentifiers.PkixOcspNonce] = new(false, nonce) }));
        var key = PrivateKeyFactory.CreateKey(signer.Key.ExportPkcs8PrivateKey());
        var signed = answer.Generate(new Asn1SignatureFactory("SHA256withECDSA", key), [certificate], now.UtcDateTime);
        return new OCSPRespGenerator().Generate(OCSPRespGenerator.Successful, signed).GetEncoded();
    }

    private async Task<CertificateStatus> StatusAsync(TenantId tenant, SigningAuthority signer, Req question, CancellationToken cancellationToken)
    {
        var serial = Convert.ToHexStringLower(question.GetCertID().SerialNumber.ToByteArrayUnsigned());
        await using var context = store.Create(tenant);
        var row = await context.Certificates.FirstOrDefaultAsync(c => c.Serial == serial && c.Authority == signer.Id, cancellationToken);
        if (row is null)
            return new UnknownStatus();
        return row.Standing == nameof(CertificateStanding.Good) ? CertificateStatus.Good : new RevokedStatus(row.Since!.Value.UtcDateTime, row.Reason ?? 0);
    }

    private static byte[] Refuse(int status) => new OCSPRespGenerator().Generate(status, null).GetEncoded();
}
