using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Fleet;

/// <summary>How devices are, for the slices that show them. Safe from any thread; never waits.</summary>
public interface IDeviceHealth
{
    /// <summary>Null when there is no such device, or it is decommissioned.</summary>
    DeviceHealthInfo? Find(TenantId tenant, DeviceId device);
}
