using System.Net;
using Strata.Cloud.Contracts;
using Strata.Cloud.Provisioning.Admission;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node.Identity;

namespace Strata.Cloud.Provisioning.Enrolment;

/// <summary>What a device that was admitted gets: its secret, or a certificate for the key that it has.</summary>
internal sealed class DeviceCredentials(IEnrolment enrolment)
{
    /// <summary>The request (DER), signed with its own key; empty for none.</summary>
    public Outcome<byte[]> Read(string? csr)
    {
        if (csr is null)
            return Array.Empty<byte>();
        if (PemText.Decode(csr) is not { } bytes)
            return new Problem(ProblemKind.Invalid, "'csr' is a certificate signing request (PKCS #10) in PEM, or its base64.", "csr");
        var subject = enrolment.SubjectOf(bytes);
        return subject.IsOk ? bytes : subject.Problem;
    }

    /// <param name="alias">What the request may call the device beside its id.</param>
    public async Task<Outcome<EnrolledDevice>> GiveAsync(TenantId tenant, Admitted device, byte[] csr, string alias, string? from, CancellationToken cancellationToken)
    {
        if (csr.Length == 0)
            return new EnrolledDevice("enrolled", device.Device.Value, device.Secret, null, null);
        var issued = await enrolment.EnrolAsync(tenant, device.Device, alias, IPAddress.TryParse(from, out var address) ? address : null, csr, cancellationToken);
        return issued.IsOk
            ? new EnrolledDevice("enrolled", device.Device.Value, null, issued.Value.Certificate.ExportCertificatePem() + "\n", string.Concat(issued.Value.Chain.Select(c => c.ExportCertificatePem() + "\n")))
            : issued.Problem;
    }
}
