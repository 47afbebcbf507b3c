using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Core;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Identity.Status;

/// <summary>How certificates stand, for whoever checks them: revocation lists (RFC 5280) at <c>/pki/crl/{authority}.crl</c>, and OCSP (RFC 6960) at <c>/pki/ocsp</c>.</summary>
internal static class StatusRoutes
{
    private const string OcspRequest = "application/ocsp-request";
    private const int MaxOcspBytes = 16 * 1024;

    public static void MapStatus(this IEndpointRouteBuilder routes)
    {
        var pki = routes.MapGroup("/pki").WithTags("Certificates");
        pki.MapGet("/crl/{authority}.crl", GetListAsync).IsOpen("a revocation list is public").WithSummary("The revocation list of an authority (DER)");
        pki.MapPost("/ocsp", PostAsync).IsOpen("the status of a certificate is public").WithSummary("The status of certificates (OCSP)");
        pki.MapGet("/ocsp/{request}", GetAsync).IsOpen("the status of a certificate is public").WithSummary("The status of certificates (OCSP by GET)");
    }

    private static async Task<IResult> GetListAsync(string authority, RevocationLists lists, CancellationToken cancellationToken) =>
        await lists.GetAsync(authority.ToLowerInvariant(), cancellationToken) is { } list ? Results.Bytes(list, "application/pkix-crl") : ProblemResults.Of(ProblemKind.NotFound, "There is no such authority, or no list of it.");

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
