using System.Net;
using System.Security.Cryptography.X509Certificates;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Identity;
using Strata.Node.Devices;

namespace Strata.Node.Identity;

/// <summary>What a device got that enrolled by a certificate.</summary>
public sealed record CertifiedDevice(DeviceId Device, EnrolledCertificate Issued);

/// <summary>A device that shows a certificate, and a request for one of its own: the one way, by whatever protocol it asks. Why it gets none is in the log of rejections.</summary>
public sealed class DeviceEnrolment(CertificateDirectory certificates, CertificateEntrance entrance, IEnrolment enrolment, IRejectionLog rejections)
{
    /// <summary>What a device hears that may not enrol: not whether it is known.</summary>
    public static readonly Problem Refused = new(ProblemKind.Forbidden, "The device may not enrol: it is not known, or not allowed to in its state.");

    /// <param name="verdict">Of what it shows; accepted.</param>
    /// <param name="request">PKCS #10, DER. With a certificate that many share, its common name is the device's serial number.</param>
    public async Task<Outcome<CertifiedDevice>> RunAsync(CertificateVerdict verdict, X509Certificate2 shown, IPAddress? from, byte[] request, CancellationToken cancellationToken)
    {
        var (enrolled, told) = await TryAsync(verdict, shown, from, request, cancellationToken);
        if (enrolled.IsOk)
            return enrolled;
        rejections.Record(verdict.Tenant, RejectionKind.Authentication, verdict.Subject, $"it may not enrol: {enrolled.Problem.Detail}");
        return told ? enrolled : Refused;
    }

    /// <returns>And whether the device may hear why not.</returns>
    private async Task<(Outcome<CertifiedDevice> Enrolled, bool Told)> TryAsync(CertificateVerdict verdict, X509Certificate2 shown, IPAddress? from, byte[] request, CancellationToken cancellationToken)
    {
        if (!certificates.IsGood(verdict.Issuer, verdict.Serial))
            return (new Problem(ProblemKind.Forbidden, "The certificate is not good any more."), true);
        X500DistinguishedName? claimed = null;
        if (verdict.Use == CertificateUse.Claim)
        {
            var subject = enrolment.SubjectOf(request);
            if (!subject.IsOk)
                return (subject.Problem, true);
            claimed = subject.Value;
        }
        var device = await entrance.EnterAsync(verdict, shown, from, cancellationToken, claimed);
        if (!device.IsOk)
            return (device.Problem, device.Problem.Kind is ProblemKind.Invalid or ProblemKind.Unavailable);
        var issued = await enrolment.EnrolAsync(verdict.Tenant, device.Value.Device, claimed?.CommonName() ?? verdict.Device?.Value, from, request, cancellationToken);
        return (issued.IsOk ? new CertifiedDevice(device.Value.Device, issued.Value) : issued.Problem, true);
    }
}
