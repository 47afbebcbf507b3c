using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Identity.Authorities;
using Strata.Cloud.Identity.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Identity;
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
        api.MapGet("/ca/authorities", ListAsync).Requires(Permission.TenantManage).AcceptsOnly("kind", "cursor", "limit").WithName("ListAuthorities").WithTags("Certificates")
            .WithSummary("The authorities whose devices are let in: the tenant's own, of batches, of others").Produces<Page<AuthorityInfo>>();
        api.MapPost("/ca/authorities", ForeignAuthorities.RegisterAsync).Requires(Permission.TenantManage).AcceptsOnly().WithName("RegisterAuthority").WithTags("Certificates")
            .WithSummary("Registers somebody else's authority; it is trusted once it has proved that it has its key").Accepts<CertificatePem>("application/json")
            .Produces<AuthorityInfo>(StatusCodes.Status201Created).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapPost("/ca/authorities/{authority}/proof", ForeignAuthorities.ProveAsync).Requires(Permission.TenantManage).AcceptsOnly().WithName("ProveAuthority").WithTags("Certificates")
            .WithSummary("Trusts a registered authority that has signed a certificate whose common name is its challenge").Accepts<CertificatePem>("application/json").Produces<AuthorityInfo>()
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapGet("/ca/rollover", Rollover.StatusAsync).Requires(Permission.TenantManage).AcceptsOnly().WithName("GetRollover").WithTags("Certificates")
            .WithSummary("How the roll-over of the tenant's authority stands").Produces<RolloverInfo>();
        api.MapPost("/ca/rollover", Rollover.RunAsync).Requires(Permission.TenantManage).AcceptsOnly().WithName("RunRollover").WithTags("Certificates")
            .WithSummary("The next step of the roll-over, if it is due").Accepts<RunRollover>("application/json").Produces<RolloverInfo>();
        api.MapGet("/ca/installation/rollover", InstallationRollover.StatusAsync).Requires(Permission.PlatformManage).AcceptsOnly().WithName("GetInstallationRollover").WithTags("Certificates")
            .WithSummary("How the roll-over of the installation's intermediate and root stands").Produces<InstallationRolloverInfo>();
        api.MapPost("/ca/installation/rollover", InstallationRollover.RunAsync).Requires(Permission.PlatformManage).AcceptsOnly().WithName("RunInstallationRollover").WithTags("Certificates")
            .WithSummary("The next step of that roll-over, if it is due").Accepts<RunInstallationRollover>("application/json").Produces<InstallationRolloverInfo>().ProducesProblem(StatusCodes.Status409Conflict);
        api.MapPost("/factory/batches", FactoryBatches.CreateAsync).Requires(Permission.TenantManage).AcceptsOnly().WithName("CreateBatch").WithTags("Certificates")
            .WithSummary("Makes the authority of a manufacturing batch").Accepts<CreateBatch>("application/json").Produces<AuthorityInfo>(StatusCodes.Status201Created).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapPost("/factory/batches/{batch}/certificates", FactoryBatches.CertifyAsync).Requires(Permission.DevicesProvision).AcceptsOnly().WithName("CertifyBatch").WithTags("Certificates")
            .WithSummary("Birth certificates for devices of a batch, at most 1,000 in a request").Accepts<CertifyBatch>("application/json").Produces<CertifiedBatch>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
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

    private static async Task<IResult> ListAsync(HttpContext context, IdentityStore store, string? kind, string? cursor, string? limit, TimeProvider time, CancellationToken cancellationToken)
    {
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        if (kind is not (null or AuthorityKinds.Tenant or AuthorityKinds.Batch or AuthorityKinds.Foreign))
            return ProblemResults.Of(ProblemKind.Invalid, "'kind' is tenant, batch or foreign.", "kind");
        var now = time.GetUtcNow();
        var after = page.Value.After ?? "";
        await using var tables = store.Create(context.Access().Tenant);
        var rows = await tables.Authorities.Where(a => (kind == null || a.Kind == kind) && string.Compare(a.Id, after) > 0).OrderBy(a => a.Id).Take(page.Value.Limit + 1).ToListAsync(cancellationToken);
        return Results.Json(Paging.ToPage(rows.ConvertAll(r => Info(r, now)), page.Value.Limit, static a => a.Id), ContractsJson.Default.PageAuthorityInfo);
    }

    internal static AuthorityInfo Info(AuthorityRow row, DateTimeOffset now)
    {
        var standing = row.NotAfter <= now ? "expired" : row.IsTrusted ? "trusted" : row.Challenge is not null ? "pending" : "revoked";
        return new AuthorityInfo(
            row.Id, row.Kind, row.Name, row.Sku, standing, row.Challenge, row.Reason is { } reason ? Revocation.NameOf((RevocationReason)reason) : null, row.NotAfter, row.Created,
            X509CertificateLoader.LoadCertificate(row.Certificate).ExportCertificatePem() + "\n");
    }

    internal static Problem Unknown(string authority) => new(ProblemKind.NotFound, $"There is no authority '{CertificateRoutes.Short(authority)}'.", "authority");

    /// <summary>Who had the root's key, in the platform's trail, before he has it.</summary>
    private static async Task<Problem?> NoteAsync(HttpContext context, IdentityStore store, string action, string root, CancellationToken cancellationToken)
    {
        var noted = await store.NoteAsync(Caller.Of(context) with { Tenant = TenantId.Main }, action, "root-key", root, cancellationToken);
        return noted.IsOk ? null : noted.Problem;
    }

    private static string Fingerprint(X509Certificate2 certificate) => Convert.ToHexStringLower(certificate.GetCertHash(HashAlgorithmName.SHA256));
}
