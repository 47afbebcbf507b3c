using System.Collections.Concurrent;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.Tests;

/// <summary>Device classes that a test changes.</summary>
internal sealed class ModelsOfTests : IDeviceClasses
{
    private readonly ConcurrentDictionary<DeviceId, string> models = new();
    private int version;

    public int Version => version;

    public string ClassOf(TenantId tenant, DeviceId device) => models.GetValueOrDefault(device, "");

    public void Set(DeviceId device, string model)
    {
        models[device] = model;
        version++;
    }
}
