using Microsoft.AspNetCore.Http;
using Strata.Core;
using Strata.Core.Identity;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Identity;

namespace Strata.Cloud.Identity.Est;

/// <summary>Who asks for a certificate over EST, and what he gets.</summary>
internal sealed class EstAsker(DeviceEnrolment enrolments, IEnrolment enrolment, DeviceDirectory devices, TenantDirectory tenants, IRejectionLog rejections)
{
    /// <summary>Whose device has proved who it is; null when nobody has.</summary>
    public static TenantId? TenantOf(HttpContext context, bool renews)
    {
        if (context.Features.Get<CertificateFeature>()?.Verdict is { } shown && (!renews || shown.IsLate || shown.Use == CertificateUse.Operational))
            return shown.Tenant;
        return !renews && context.User.Device() is not null && context.Features.Get<Access>() is { } access ? access.Tenant : null;
    }

    /// <summary>The device that asks, if it has said who it is, is given the roots of now.</summary>
    public async Task ToldAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (TenantOf(context, renews: false) is { } tenant && (context.Features.Get<CertificateFeature>()?.Verdict.Device ?? context.User.Device()) is { } device)
            await enrolment.ToldAsync(tenant, device, cancellationToken);
    }

    public async Task<Outcome<EnrolledCertificate>> IssueAsync(HttpContext context, TenantId tenant, byte[] request, CancellationToken cancellationToken)
    {
        var from = context.Connection.RemoteIpAddress;
        if (context.Features.Get<CertificateFeature>()?.Verdict is { } shown)
        {
            var enrolled = await enrolments.RunAsync(shown, context.Connection.ClientCertificate!, from, request, cancellationToken);
            return enrolled.IsOk ? enrolled.Value.Issued : enrolled.Problem;
        }
        var known = context.User.Device()!.Value;
        if (tenants.IsActive(tenant) && devices.TryGet(tenant, known, out var device) && device.Enabled)
            return await enrolment.EnrolAsync(tenant, known, null, from, request, cancellationToken);
        rejections.Record(tenant, RejectionKind.Authentication, known.Value, "it may not enrol: it is not known, or not allowed to in its state");
        return DeviceEnrolment.Refused;
    }
}
