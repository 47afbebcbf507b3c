using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Cloud.Contracts;
using Strata.Cloud.Identity.Authorities;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Identity;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Identity;
using Strata.Node.Uplink;

namespace Strata.Cloud.Identity.Routes;

/// <summary>For gateways, whose devices show certificates: which of the tenant's are good, as soon as that changes, and the certificate of the gateway's own listener.</summary>
internal static class GatewayTrustRoutes
{
    private const int MaxNames = 16;
    private const int MaxNameLength = 253;
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(25);

    /// <summary>What changes within it is one list.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(500);

    public static void MapGatewayTrust(this IEndpointRouteBuilder routes)
    {
        var own = routes.MapGroup("/api/v1/gateways/{id}").RequiresGateway().WithTags("Gateway link");
        own.MapGet("/trust", (Delegate)GetAsync).WithSummary("Which certificates of the tenant's devices are good; with ?version= answered when that has changed, or with 204 after 25 s.")
            .Produces<GatewayTrustList>().Produces(StatusCodes.Status204NoContent);
        own.MapPost("/certificate", IssueAsync).WithSummary("A certificate for the gateway's own listener").Accepts<GatewayCertificateRequest>("application/json").Produces<GatewayCertificate>()
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> GetAsync(
        string id, string? version, HttpContext context, GatewayDirectory gateways, CertificateDirectory directory, InstallationAuthority authority, IRejectionLog rejections, TimeProvider time)
    {
        if (GatewayRequests.Sender(context, id, gateways) is not { Tenant: var tenant })
            return GatewayRequests.NotItsOwn(context, id, rejections);
        var stop = context.RequestAborted;
        var issuer = await authority.GetAsync(stop);
        using var limit = new CancellationTokenSource(Hold, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        try
        {
            for (var change = directory.Changed; directory.VersionOf(tenant) == version; change = directory.Changed)
                await change.WaitAsync(either.Token);
            if (version is not null)
                await Task.Delay(Settle, time, stop);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return Results.NoContent();
        }
        return Results.Json(directory.ListOf(tenant, issuer.Id), ContractsJson.Default.GatewayTrustList);
    }

    private static async Task<IResult> IssueAsync(
        string id, HttpContext context, GatewayDirectory gateways, InstallationAuthority authority, GatewayNames gatewayNames, IdentityOptions options, ServerNames node, IRejectionLog rejections, TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (GatewayRequests.Sender(context, id, gateways) is not { } gateway)
            return GatewayRequests.NotItsOwn(context, id, rejections);
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.GatewayCertificateRequest, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (Refuse(request.Value.Names, node, options) is { } wrong)
            return ProblemResults.Of(wrong);
        var asked = PemText.Decode(request.Value.Csr) is { } der ? IssueCertificate.Read(der) : new Problem(ProblemKind.Invalid, "'csr' is a certificate signing request (PKCS #10) in PEM.", "csr");
        if (!asked.IsOk)
            return ProblemResults.Of(asked.Problem);
        if (KeyStrength.Refuse(asked.Value.PublicKey) is { } weak)
            return ProblemResults.Of(ProblemKind.Invalid, weak, "csr");
        var view = await authority.ViewAsync(cancellationToken);
        using var made = CertificateMaker.Server(view.Signing, asked.Value.PublicKey, [.. request.Value.Names], time.GetUtcNow(), CertificateTerms.Gateway, $"urn:strata:gateway:{gateway.Tenant}/{gateway.Gateway}");
        // Who may pass for which host, kept and in the trail before it may.
        var noted = await gatewayNames.TakeAsync(
            Caller.Of(context), gateway.Gateway.Value, request.Value.Names, made.SerialNumber.ToLowerInvariant(), made.NotAfter.ToUniversalTime(), cancellationToken);
        if (!noted.IsOk)
            return ProblemResults.Of(noted.Problem);
        return Results.Json(
            new GatewayCertificate(made.ExportCertificatePem() + "\n", string.Concat(view.Between.Select(c => c.ExportCertificatePem() + "\n")), view.Signing.Id), ContractsJson.Default.GatewayCertificate);
    }

    /// <summary>A gateway's certificate leads to the root that all devices trust: it may not be one by which a gateway passes for the node.</summary>
    private static Problem? Refuse(IReadOnlyList<string>? names, ServerNames node, IdentityOptions options)
    {
        if (names is null || names.Count is 0 or > MaxNames)
            return new Problem(ProblemKind.Invalid, $"A gateway has 1 to {MaxNames} names.", "names");
        foreach (var name in names)
        {
            var address = IPAddress.TryParse(name, out var parsed) ? parsed : null;
            if (address is null && (name is null || name.Length is 0 or > MaxNameLength || Uri.CheckHostName(name) != UriHostNameType.Dns))
                return new Problem(ProblemKind.Invalid, "A name is a host's name or an address.", "names");
            // A machine's own loopback is nobody else's.
            if (address is not null ? IPAddress.IsLoopback(address) : name == "localhost")
                continue;
            if (node.Hosts.Concat(options.PublicUrl is { } url ? [url.Host.Trim('[', ']')] : []).Contains(name, StringComparer.OrdinalIgnoreCase))
                return new Problem(ProblemKind.Conflict, $"'{name}' is the node's own name; a gateway has others (--mqtts-name), or is given a certificate of another authority (--cert, --key).", "names");
        }
        return null;
    }
}
