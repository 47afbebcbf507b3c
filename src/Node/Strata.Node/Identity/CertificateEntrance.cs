using System.Net;
using System.Security.Cryptography.X509Certificates;
using Strata.Core;
using Strata.Node.Auth;
using Strata.Node.Devices;

namespace Strata.Node.Identity;

/// <summary>
/// Who comes in by a certificate that was found good: the device that it speaks for, registered in this moment when it is new and there is a rule for it. The one way for MQTT, HTTP and enrolment.
/// </summary>
public sealed class CertificateEntrance(DeviceDirectory devices, TenantDirectory tenants, IDeviceAdmission? admission = null, ICertificateBindings? bindings = null)
{
    /// <summary>The device, which may connect or enrol in its state; or why not, for the log of rejections.</summary>
    /// <param name="verdict">Accepted.</param>
    /// <param name="claimed">See <see cref="DeviceIntroduction.Claimed"/>.</param>
    public ValueTask<Outcome<DeviceEntry>> EnterAsync(
        in CertificateVerdict verdict, X509Certificate2 shown, IPAddress? from, CancellationToken cancellationToken, X500DistinguishedName? claimed = null)
    {
        if (!tenants.IsActive(verdict.Tenant))
            return new(new Problem(ProblemKind.Forbidden, "the tenant is disabled"));
        if (verdict.Device is { } known && devices.TryGet(verdict.Tenant, known, out var entry))
            return new(Enabled(entry));
        if (admission is null || bindings is null || !verdict.MayIntroduce)
            return new(new Problem(ProblemKind.NotFound, CredentialCheck.Unknown.Reason("device")));
        return IntroduceAsync(new DeviceIntroduction(verdict.Tenant, verdict.Issuer, verdict.Serial, shown, verdict.IsForeign ? null : verdict.Device, claimed, from), cancellationToken);
    }

    private async ValueTask<Outcome<DeviceEntry>> IntroduceAsync(DeviceIntroduction introduction, CancellationToken cancellationToken)
    {
        var admitted = await admission!.AdmitAsync(introduction, cancellationToken);
        if (!admitted.IsOk)
            return admitted.Problem;
        if (introduction.Claimed is null)
        {
            var bound = await bindings!.KeepAsync(introduction, admitted.Value, cancellationToken);
            if (!bound.IsOk)
                return bound.Problem;
        }
        return devices.TryGet(introduction.Tenant, admitted.Value, out var entry) ? Enabled(entry) : new Problem(ProblemKind.NotFound, CredentialCheck.Unknown.Reason("device"));
    }

    private static Outcome<DeviceEntry> Enabled(DeviceEntry entry) =>
        entry.Enabled ? entry : new Problem(ProblemKind.Forbidden, CredentialCheck.Disabled.Reason("device"));
}
