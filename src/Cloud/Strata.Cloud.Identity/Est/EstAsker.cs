using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Identity;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Identity;

namespace Strata.Cloud.Identity.Est;

/// <summary>Who asks for a certificate over EST, and what he gets.</summary>
internal sealed class EstAsker(CertificateEntrance entrance, IEnrolment enrolment, DeviceDirectory devices, TenantDirectory tenants, IRejectionLog rejections)
{
    private const string Refused = "The device may not enrol: it is not known, or not allowed to in its state.";

    /// <summary>Whose device has proved who it is; null when nobody has.</summary>
    public static TenantId? TenantOf(HttpContext context, bool renews)
    {
        if (context.Features.Get<CertificateFeature>()?.Verdict is { } shown && (!renews || shown.IsLate || shown.Use == CertificateUse.Operational))
            return shown.Tenant;
        return !renews && context.User.Device() is not null && context.Features.Get<Access>() is { } access ? access.Tenant : null;
    }

    public async Task<Outcome<EnrolledCertificate>> IssueAsync(HttpContext context, TenantId tenant, byte[] request, CancellationToken cancellationToken)
    {
        var from = context.Connection.RemoteIpAddress;
        var verdict = context.Features.Get<CertificateFeature>()?.Verdict;
        X500DistinguishedName? claimed = null;
        if (verdict?.Use == CertificateUse.Claim)
        {
            var subject = enrolment.SubjectOf(request);
            if (!subject.IsOk)
                return subject.Problem;
            claimed = subject.Value;
        }
        var device = await DeviceAsync(context, tenant, verdict, claimed, cancellationToken);
        if (!device.IsOk)
        {
            rejections.Record(tenant, RejectionKind.Authentication, verdict?.Subject ?? context.User.Device()?.Value ?? "", $"it may not enrol: {device.Problem.Detail}");
            return device.Problem.Kind is ProblemKind.Invalid or ProblemKind.Unavailable ? device.Problem : new Problem(ProblemKind.Forbidden, Refused);
        }
        return await enrolment.EnrolAsync(tenant, device.Value, claimed?.CommonName() ?? verdict?.Device?.Value, from, request, cancellationToken);
    }

    private async Task<Outcome<DeviceId>> DeviceAsync(HttpContext context, TenantId tenant, CertificateVerdict? verdict, X500DistinguishedName? claimed, CancellationToken cancellationToken)
    {
        if (verdict is { } shown)
        {
            var entered = await entrance.EnterAsync(shown, context.Connection.ClientCertificate!, context.Connection.RemoteIpAddress, cancellationToken, claimed);
            return entered.IsOk ? entered.Value.Device : entered.Problem;
        }
        var known = context.User.Device()!.Value;
        return tenants.IsActive(tenant) && devices.TryGet(tenant, known, out var device) && device.Enabled ? known : new Problem(ProblemKind.Forbidden, Refused);
    }
}
