using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Cloud.Contracts;
using Strata.Cloud.Identity.Authorities;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Reads;

namespace Strata.Cloud.Identity.Routes;

/// <summary>What the routes of authorities are.</summary>
internal static class AuthorityRoutes
{
    public static void MapAuthorities(this IEndpointRouteBuilder api)
    {
        api.MapPost("/ca", CreateAsync).Requires(Permission.PlatformManage).AcceptsOnly().WithName("CreateAuthority").WithTags("Certificates")
            .WithSummary("The root of the installation, with its key while that is on the node; made if there is none").Produces<RootAuthority>();
        api.MapDelete("/ca/root-key", ForgetAsync).Requires(Permission.PlatformManage).AcceptsOnly("fingerprint").WithName("ForgetRootKey").WithTags("Certificates")
            .WithSummary("Destroys the node's copy of the root's key").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapGet("/ca/chain", ChainAsync).Requires(Permission.DevicesRead).AcceptsOnly().WithName("GetChain").WithTags("Certificates")
            .WithSummary("From the tenant's authority to the root (PEM)").Produces<string>(contentType: "application/x-pem-file");
    }

    private static async Task<IResult> CreateAsync(HttpContext context, InstallationAuthority authority, IdentityStore store, CancellationToken cancellationToken)
    {
        var root = (await authority.GetAsync(cancellationToken)).Above[^1];
        var key = await authority.RootKeyAsync(cancellationToken);
        var print = Fingerprint(root);
        if (key is not null && await NoteAsync(context, store, "read", print, cancellationToken) is { } problem)
            return ProblemResults.Of(problem);
        context.Response.Headers.CacheControl = "no-store";
        return Results.Json(new RootAuthority(print, root.ExportCertificatePem() + "\n", key is null ? null : key + "\n"), ContractsJson.Default.RootAuthority);
    }

    private static async Task<IResult> ForgetAsync(string? fingerprint, HttpContext context, InstallationAuthority authority, IdentityStore store, CancellationToken cancellationToken)
    {
        var print = Fingerprint((await authority.GetAsync(cancellationToken)).Above[^1]);
        if (fingerprint?.ToLowerInvariant() != print)
            return ProblemResults.Of(ProblemKind.Conflict, $"The root here has the fingerprint {print}; give it, so that no other key is meant.", "fingerprint");
        if (await NoteAsync(context, store, "remove", print, cancellationToken) is { } problem)
            return ProblemResults.Of(problem);
        await authority.ForgetRootKeyAsync(cancellationToken);
        return Results.NoContent();
    }

    private static async Task<IResult> ChainAsync(HttpContext context, IdentityStore store, CancellationToken cancellationToken)
    {
        var authority = await store.AuthorityAsync(Caller.Of(context), cancellationToken);
        return authority.ToResult(a => Results.Text(string.Concat(a.Above.Prepend(a.Certificate).Select(c => c.ExportCertificatePem() + "\n")), "application/x-pem-file"));
    }

    /// <summary>Who had the root's key, in the platform's trail, before he has it.</summary>
    private static async Task<Problem?> NoteAsync(HttpContext context, IdentityStore store, string action, string root, CancellationToken cancellationToken)
    {
        var noted = await store.NoteAsync(Caller.Of(context) with { Tenant = TenantId.Main }, action, "root-key", root, cancellationToken);
        return noted.IsOk ? null : noted.Problem;
    }

    private static string Fingerprint(X509Certificate2 certificate) => Convert.ToHexStringLower(certificate.GetCertHash(HashAlgorithmName.SHA256));
}
