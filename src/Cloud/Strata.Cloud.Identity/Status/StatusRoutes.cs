using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Strata.Core;
using Strata.Core.Identity;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Identity;

namespace Strata.Cloud.Identity.Status;

/// <summary>How certificates stand, for whoever checks them: revocation lists (RFC 5280) at <c>/pki/crl/{authority}.crl</c>, and OCSP (RFC 6960) at <c>/pki/ocsp</c>.</summary>
internal static class StatusRoutes
{
    /// <summary>How long an answer may be kept.</summary>
    internal static readonly TimeSpan Life = TimeSpan.FromHours(24);

    private const string OcspRequest = "application/ocsp-request";
    private const int MaxOcspBytes = 16 * 1024;

    public static void MapStatus(this IEndpointRouteBuilder routes)
    {
        var pki = routes.MapGroup("/pki").WithTags("Certificates");
        pki.MapGet("/crl/{authority}.crl", GetListAsync).IsOpen("a revocation list is public").WithSummary("The revocation list of an authority (DER)");
        pki.MapPost("/ocsp", PostAsync).IsOpen("the status of a certificate is public").WithSummary("The status of certificates (OCSP)");
        pki.MapGet("/ocsp/{request}", GetAsync).IsOpen("the status of a certificate is public").WithSummary("The status of certificates (OCSP by GET)");
    }

    private static async Task<IResult> GetListAsync(string authority, IdentityStore store, CertificateDirectory directory, TimeProvider time, CancellationToken cancellationToken)
    {
        if (directory.Find(authority) is not { IsForeign: false, Tenant: var tenant } || await store.FindAuthorityAsync(tenant, authority, cancellationToken) is not { } signer)
            return ProblemResults.Of(ProblemKind.NotFound, "There is no such authority.");
        var now = time.GetUtcNow();
        var list = new CertificateRevocationListBuilder();
        await using var context = store.Create(tenant);
        var rows = context.Certificates.Where(c => c.Authority == signer.Id && c.Standing != nameof(CertificateStanding.Good) && c.NotAfter > now);
        await foreach (var row in rows.AsAsyncEnumerable().WithCancellation(cancellationToken))
            list.AddEntry(Convert.FromHexString(row.Serial), row.Since, (X509RevocationReason)(row.Reason ?? 0));
        // Numbers grow with the clock; a clock that is set back is followed by a list with a lower one, which ends with the next day.
        var der = list.Build(
            signer.Certificate.SubjectName, signer.Generator, new BigInteger(now.ToUnixTimeSeconds()), now + Life, HashAlgorithmName.SHA256,
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(signer.Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false), now);
        return Results.Bytes(der, "application/pkix-crl");
    }

    private static async Task<IResult> PostAsync(HttpRequest request, OcspResponder responder, CancellationToken cancellationToken)
    {
        if (request.ContentType?.Split(';')[0].Trim() != OcspRequest)
            return ProblemResults.Of(ProblemKind.Invalid, $"The body is an OCSP request (Content-Type: {OcspRequest}).", "Content-Type");
        using var body = new MemoryStream();
        var chunk = new byte[4096];
        while (await request.Body.ReadAsync(chunk, cancellationToken) is var read && read > 0)
        {
            if (body.Length + read > MaxOcspBytes)
                return ProblemResults.Of(ProblemKind.TooMuch, $"An OCSP request has {MaxOcspBytes:N0} bytes at most.");
            await body.WriteAsync(chunk.AsMemory(0, read), cancellationToken);
        }
        return Results.Bytes(await responder.AnswerAsync(body.ToArray(), cancellationToken), OcspResponder.ContentType);
    }

    private static async Task<IResult> GetAsync(string request, OcspResponder responder, CancellationToken cancellationToken)
    {
        var bytes = new byte[request.Length];
        if (request.Length > MaxOcspBytes || !Convert.TryFromBase64String(Uri.UnescapeDataString(request), bytes, out var length))
            return ProblemResults.Of(ProblemKind.Invalid, "The path is not the base64 of an OCSP request.");
        return Results.Bytes(await responder.AnswerAsync(bytes[..length], cancellationToken), OcspResponder.ContentType);
    }
}
