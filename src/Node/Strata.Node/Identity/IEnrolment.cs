using System.Net;
using System.Security.Cryptography.X509Certificates;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Node.Identity;

/// <summary>Issues operational certificates to devices that have proved who they are.</summary>
public interface IEnrolment
{
    /// <summary>Certifies the key of a certificate signing request (PKCS #10, DER) for the device.</summary>
    /// <param name="calledAlso">Another name that the request may bear in place of the device's id: how its factory calls it.</param>
    Task<Outcome<EnrolledCertificate>> EnrolAsync(TenantId tenant, DeviceId device, string? calledAlso, IPAddress? from, byte[] request, CancellationToken cancellationToken);

    /// <summary>The roots that lead to the installation's servers now, the newest first: for devices, which are to trust these and none that they were given before.</summary>
    IReadOnlyList<X509Certificate2> Roots { get; }

    /// <summary>The device was given <see cref="Roots"/>.</summary>
    Task ToldAsync(TenantId tenant, DeviceId device, CancellationToken cancellationToken);

    /// <summary>Whom the request names; a problem when it is no request, or not signed with its own key.</summary>
    Outcome<X500DistinguishedName> SubjectOf(byte[] request);
}

/// <summary>A certificate that was issued.</summary>
/// <param name="Chain">Those between it and the root, the root last.</param>
public sealed record EnrolledCertificate(X509Certificate2 Certificate, IReadOnlyList<X509Certificate2> Chain);
