using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Cloud.Contracts;
using Strata.Cloud.Identity.Rows;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Identity;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Reads;

namespace Strata.Cloud.Identity.Routes;

/// <summary>What the routes of devices' certificates are. A certificate is where its device is: who may not see the device finds no certificate.</summary>
internal static class CertificateRoutes
{
    public static void MapCertificates(this IEndpointRouteBuilder api)
    {
        api.MapGet("/certificates", ListCertificates.HandleAsync).Requires(Permission.DevicesRead).AcceptsOnly("device", "standing", "expiresBefore", "problem", "cursor", "limit")
            .WithName("ListCertificates").WithTags("Certificates").WithSummary("Certificates of devices, the next to expire first").Produces<Page<CertificateInfo>>();
        api.MapGet("/certificates/summary", SummariseCertificates.HandleAsync).Requires(Permission.DevicesRead).AcceptsOnly().WithName("SummariseCertificates").WithTags("Certificates")
            .WithSummary("Certificates by their standing, and devices whose last one ends").Produces<CertificateSummary>();
        api.MapPost("/devices/{id}/certificates", IssueForDevice.HandleAsync).Requires(Permission.DevicesProvision).AcceptsOnly().WithName("IssueCertificate").WithTags("Certificates")
            .WithSummary("Certifies a key for a device").Accepts<IssueCertificateRequest>("application/json").Produces<IssuedCertificateInfo>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost("/certificates/revocations", RevokeThem.HandleAsync).Requires(Permission.DevicesProvision).AcceptsOnly().WithName("RevokeCertificates").WithTags("Certificates")
            .WithSummary("Revokes a certificate, all of a device, a batch or another authority; what was opened with them ends").Accepts<RevokeCertificates>("application/json").Produces<RevokedCertificates>()
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapPost("/certificates/claims", IssueForDevice.ClaimAsync).Requires(Permission.TenantManage).AcceptsOnly().WithName("IssueClaim").WithTags("Certificates")
            .WithSummary("A claim certificate, which devices of a kind share to ask for one of their own").Accepts<IssueClaim>("application/json").Produces<IssuedCertificateInfo>(StatusCodes.Status201Created);
        api.MapGet("/certificates/policy", PolicyRoutes.Get).Requires(Permission.DevicesRead).AcceptsOnly().WithName("GetCertificatePolicy").WithTags("Certificates")
            .WithSummary("What the tenant asks of its devices' identities").Produces<CertificatePolicyInfo>();
        api.MapPut("/certificates/policy", PolicyRoutes.SetAsync).Requires(Permission.TenantManage).AcceptsOnly().WithName("SetCertificatePolicy").WithTags("Certificates")
            .WithSummary("Sets lifetime, grace period and whether secrets are admitted").Accepts<CertificatePolicyInfo>("application/json").Produces<CertificatePolicyInfo>();
        api.MapPost("/certificates/{serial}/reinstatement", Reinstate.HandleAsync).Requires(Permission.DevicesProvision).AcceptsOnly().WithName("ReinstateCertificate").WithTags("Certificates")
            .WithSummary("Makes a certificate good again that is on hold").Produces<CertificateInfo>().ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
    }

    internal static CertificateInfo Info(CertificateRow row, DateTimeOffset now) => new(
        row.Serial, row.Device, row.Authority, row.Use.ToLowerInvariant(), row.NotBefore, row.NotAfter, CertificateTerms.RenewAt(row.NotBefore, row.NotAfter), Standing(row, now),
        row.Reason is { } reason ? Revocation.NameOf((RevocationReason)reason) : null, row.Since, row.KeyHash);

    internal static Problem Unknown(string serial) => new(ProblemKind.NotFound, $"There is no certificate '{Short(serial)}'.", "serial");

    internal static string Short(string text) => text.Length > 64 ? text[..64] + "..." : text;

    /// <summary>Null when the caller may provision the device.</summary>
    internal static Problem? Check(Access access, string device, Func<Problem> notFound) =>
        Access.Refusal(DeviceId.TryParse(device, out var id) ? access.Decide(Permission.DevicesProvision, id) : AccessDecision.NotFound, notFound);

    private static string Standing(CertificateRow row, DateTimeOffset now) => row.NotAfter <= now ? "expired" : row.Standing switch
    {
        nameof(CertificateStanding.OnHold) => "hold",
        nameof(CertificateStanding.Revoked) => "revoked",
        _ => "good",
    };
}
