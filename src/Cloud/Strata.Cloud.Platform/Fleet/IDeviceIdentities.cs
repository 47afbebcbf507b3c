using Strata.Core;
using Strata.Core.Devices;

namespace Strata.Cloud.Platform.Fleet;

/// <summary>What a device shows when it connects, beside its secret: for who takes it out of service.</summary>
public interface IDeviceIdentities
{
    /// <summary>Revokes all good certificates of the device, for good; open connections with them end. None is no problem.</summary>
    /// <param name="reason">For the audit trail.</param>
    /// <returns>How many were revoked.</returns>
    Task<Outcome<int>> RevokeAsync(Caller caller, DeviceId device, string reason, CancellationToken cancellationToken);
}
