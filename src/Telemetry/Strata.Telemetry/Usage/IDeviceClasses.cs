using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Telemetry;

/// <summary>Under which class a device's use is metered: its model. Asked by the writer, which remembers the answer until <see cref="Version"/> changes. Any thread.</summary>
public interface IDeviceClasses
{
    /// <summary>Changes whenever an answer may have changed.</summary>
    int Version { get; }

    /// <summary>Empty for a device that is not known or has no model.</summary>
    string ClassOf(TenantId tenant, DeviceId device);
}

/// <summary>Where there are no models: one class.</summary>
internal sealed class OneDeviceClass : IDeviceClasses
{
    public static readonly OneDeviceClass Instance = new();

    public int Version => 0;

    public string ClassOf(TenantId tenant, DeviceId device) => "";
}
