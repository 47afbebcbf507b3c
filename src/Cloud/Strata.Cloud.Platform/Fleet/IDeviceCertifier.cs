using Strata.Core;
using Strata.Core.Devices;

namespace Strata.Cloud.Platform.Fleet;

/// <summary>Issues certificates for many devices at a time, for the slice that registers them.</summary>
public interface IDeviceCertifier
{
    /// <summary>What is wrong with a key that a device brings (SubjectPublicKeyInfo, DER); null when nothing is.</summary>
    string? Refuse(ReadOnlySpan<byte> publicKey);

    /// <summary>Operational certificates of the tenant's authority, as one transaction with one audit record; all or none. The keys were found good (<see cref="Refuse"/>), or made here; devices are taken to be registered, and to have none yet.</summary>
    Task<Outcome<CertifiedDevices>> CertifyAsync(Caller caller, IReadOnlyList<KeyToCertify> keys, CancellationToken cancellationToken);
}

/// <param name="PublicKey">SubjectPublicKeyInfo, DER.</param>
public sealed record KeyToCertify(DeviceId Device, byte[] PublicKey);

/// <param name="Certificates">PEM, in the order of the keys.</param>
/// <param name="Chain">PEM: those between them and the root, the root last.</param>
public sealed record CertifiedDevices(IReadOnlyList<string> Certificates, string Chain);
