using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Cloud.Identity.Authorities;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Identity.Est;

/// <summary>
/// Enrolment over Secure Transport (RFC 7030): <c>cacerts</c>, <c>simpleenroll</c>, <c>simplereenroll</c> under <c>/.well-known/est/</c>, or below the tenant as the label. A device enrols with its secret
/// (Basic), its birth certificate or its operational one, which may be past its end within the tenant's grace period; it gets a certificate for itself and nobody else.
/// </summary>
internal static class EstRoutes
{
    private const string Pkcs7 = "application/pkcs7-mime";
    private const string Pkcs10 = "application/pkcs10";
    private const int MaxBodyBytes = 32 * 1024;

    public static void MapEst(this IEndpointRouteBuilder routes)
    {
        var est = routes.MapGroup("/.well-known/est").WithTags("Certificates");
        foreach (var label in new[] { "", "/{label}" })
        {
            est.MapGet($"{label}/cacerts", GetAuthorities).IsOpen("authorities' certificates are public").WithSummary("The certificates that lead to the root (PKCS #7, base64)");
            est.MapPost($"{label}/simpleenroll", EnrolAsync).IsOpen("the secret or the certificate of the device is the proof; the endpoint asks for it")
                .WithSummary("An operational certificate for the device that asks (PKCS #10 in, PKCS #7 out, base64)");
            est.MapPost($"{label}/simplereenroll", RenewAsync).IsOpen("the certificate of the device is the proof; the endpoint asks for it")
                .WithSummary("The next operational certificate, asked for with the one before");
        }
    }

    /// <summary>Of the installation, the same for every label: nobody learns here which tenants there are. While the root is replaced: both, and what leads from either to the other (RFC 7030, 4.1.3).</summary>
    private static async Task<IResult> GetAuthorities(HttpContext context, InstallationAuthority authority, EstAsker asker, CancellationToken cancellationToken)
    {
        var view = await authority.ViewAsync(cancellationToken);
        // Who says who he is has been told: the roll-over of the root waits for him no longer.
        await asker.ToldAsync(context, cancellationToken);
        return Certificates([view.Signing.Certificate, .. view.Roots, .. view.Crossed]);
    }

    private static Task<IResult> EnrolAsync(string? label, HttpContext context, EstAsker asker, CancellationToken cancellationToken) => IssueAsync(label, context, asker, renews: false, cancellationToken);

    private static Task<IResult> RenewAsync(string? label, HttpContext context, EstAsker asker, CancellationToken cancellationToken) => IssueAsync(label, context, asker, renews: true, cancellationToken);

    private static async Task<IResult> IssueAsync(string? label, HttpContext context, EstAsker asker, bool renews, CancellationToken cancellationToken)
    {
        var tenant = EstAsker.TenantOf(context, renews);
        if (tenant is null || (label is not null && label != tenant.Value.Value))
        {
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"strata\", charset=\"UTF-8\"";
            return ProblemResults.Of(ProblemKind.Unauthenticated, renews
                ? "Renewing needs the device's certificate in the TLS connection; with its secret or birth certificate it enrols (simpleenroll)."
                : "Enrolling needs the device's secret (Basic, TENANT/ID) or its certificate in the TLS connection.");
        }
        var request = await ReadAsync(context.Request, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var issued = await asker.IssueAsync(context, tenant.Value, request.Value, cancellationToken);
        return issued.ToResult(i => Certificates([i.Certificate]));
    }

    /// <summary>Base64 with or without line breaks, as RFC 7030 has it, whatever the transfer encoding says; PEM is taken too.</summary>
    private static async Task<Outcome<byte[]>> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentType?.Split(';')[0].Trim() is { Length: > 0 } type && !type.Equals(Pkcs10, StringComparison.OrdinalIgnoreCase))
            return new Problem(ProblemKind.Invalid, $"The body is a certificate signing request (Content-Type: {Pkcs10}).", "Content-Type");
        var text = await request.ReadTextAsync(MaxBodyBytes, cancellationToken);
        if (!text.IsOk)
            return text.Problem;
        var lines = text.Value.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(l => !l.StartsWith("-----", StringComparison.Ordinal));
        try
        {
            return Convert.FromBase64String(string.Concat(lines));
        }
        catch (FormatException)
        {
            return new Problem(ProblemKind.Invalid, "The body is not base64 of a certificate signing request.", "csr");
        }
    }

    private static Base64Result Certificates(IReadOnlyList<X509Certificate2> certificates)
    {
        var bundle = new X509Certificate2Collection(certificates.ToArray()).Export(X509ContentType.Pkcs7)!;
        return new Base64Result(Convert.ToBase64String(bundle, Base64FormattingOptions.InsertLineBreaks));
    }

    private sealed class Base64Result(string text) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.ContentType = $"{Pkcs7}; smime-type=certs-only";
            httpContext.Response.Headers["Content-Transfer-Encoding"] = "base64";
            return httpContext.Response.WriteAsync(text + "\n", httpContext.RequestAborted);
        }
    }
}
