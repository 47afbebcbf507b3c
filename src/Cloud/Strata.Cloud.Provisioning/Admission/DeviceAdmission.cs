using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Provisioning.Templates;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Node.Identity;

namespace Strata.Cloud.Provisioning.Admission;

/// <summary>Devices that are not registered and show a certificate of an authority that may introduce them: registered in their first connection.</summary>
internal sealed class DeviceAdmission(AdmissionDesk desk, CertificateDirectory certificates) : IDeviceAdmission
{
    public async ValueTask<Outcome<DeviceId>> AdmitAsync(DeviceIntroduction introduction, CancellationToken cancellationToken)
    {
        var authority = certificates.Find(introduction.Issuer);
        if (authority is null || authority.Tenant != introduction.Tenant)
            return new Problem(ProblemKind.Forbidden, "the certificate's authority is not trusted any more");
        var device = CertificateArrival.Read(introduction, authority);
        if (device.Registration is not { Length: > 0 and <= 128 } self)
            return new Problem(ProblemKind.Invalid, "the certificate's subject has neither a serialNumber nor a CN of at most 128 characters to tell the device by");
        var admitted = await desk.AdmitAsync(
            new Arrival(introduction.Tenant, device, $"{(introduction.Claimed is null ? "certificate" : "claim")}/{introduction.Issuer}/{self}", NewIdentity.Certificate) { From = introduction.From?.ToString() },
            cancellationToken);
        return admitted.IsOk ? admitted.Value.Device : admitted.Problem;
    }
}
