using Strata.Core.Devices;
using Strata.Node.Devices;
using Strata.Node.Identity;

namespace Strata.Node.Auth;

/// <summary>What a check of a login as gateway and as device came to.</summary>
/// <param name="Reason">For the log of rejections.</param>
internal readonly record struct CredentialPair(CredentialCheck Result, string Reason)
{
    /// <summary>Both directories are always asked, so that the time says nothing about which names there are.</summary>
    public static CredentialPair Check(
        in LoginName login, ReadOnlySpan<byte> secret, DeviceDirectory devices, GatewayDirectory gateways, CertificateDirectory certificates, out DeviceEntry? device, out GatewayEntry? gateway)
    {
        (device, gateway) = (null, null);
        var asGateway = CredentialCheck.Unknown;
        var asDevice = CredentialCheck.Unknown;
        if (GatewayId.TryParse(login.Name, out var gatewayId))
            asGateway = gateways.Check(login.Tenant, gatewayId, secret, out gateway);
        if (DeviceId.TryParse(login.Name, out var deviceId))
            asDevice = devices.Check(login.Tenant, deviceId, secret, out device);
        if (asGateway == CredentialCheck.Accepted)
            return new CredentialPair(asGateway, "");
        gateway = null;
        if (asDevice == CredentialCheck.Accepted)
            return certificates.PolicyOf(login.Tenant).AllowsSecrets
                ? new CredentialPair(asDevice, "")
                : new CredentialPair(CredentialCheck.Disabled, "the tenant's policy admits no secrets of devices: connect with a certificate");
        return asGateway != CredentialCheck.Unknown ? new CredentialPair(asGateway, asGateway.Reason("gateway")) : new CredentialPair(asDevice, asDevice.Reason("device"));
    }
}
