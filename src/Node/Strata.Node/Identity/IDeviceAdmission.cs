using System.Net;
using System.Security.Cryptography.X509Certificates;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Node.Identity;

/// <summary>A device that is not registered and has shown a certificate of an authority that may introduce it.</summary>
/// <param name="Issuer">The authority's id; <see cref="CertificateDirectory.Find"/> knows it.</param>
/// <param name="Certificate">What it has shown and proved to have the key of.</param>
/// <param name="Named">How a certificate of our own names it (its serial number from the factory); null for one of a foreign authority.</param>
/// <param name="Claimed">What one that shows a certificate that many share says of itself: the subject of its request, whose common name is its serial number; null for others.</param>
/// <param name="From">Where it connects from; null when unknown.</param>
public sealed record DeviceIntroduction(TenantId Tenant, string Issuer, string Serial, X509Certificate2 Certificate, DeviceId? Named, X500DistinguishedName? Claimed, IPAddress? From);

/// <summary>
/// Registers devices when they first connect. Asked for the same certificate again, it gives the same answer: what it decided may not have been written down yet.
/// </summary>
public interface IDeviceAdmission
{
    /// <summary>The device's id, registered and in the <see cref="Devices.DeviceDirectory"/>; or why it is not admitted, for the log of rejections.</summary>
    ValueTask<Outcome<DeviceId>> AdmitAsync(DeviceIntroduction introduction, CancellationToken cancellationToken);
}

/// <summary>Keeps whom a certificate speaks for.</summary>
public interface ICertificateBindings
{
    Task<Outcome<bool>> KeepAsync(DeviceIntroduction introduction, DeviceId device, CancellationToken cancellationToken);
}
