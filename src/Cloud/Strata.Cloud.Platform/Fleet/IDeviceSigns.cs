using Strata.Core.Architecture;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Gate;

namespace Strata.Cloud.Platform.Fleet;

/// <summary>How devices are, as figures that cohorts are compared by. Reads what is in memory; safe from any thread.</summary>
public interface IDeviceSigns
{
    /// <summary>A look at one moment; the function is of one thread.</summary>
    Func<FleetDevice, DeviceSigns> Look(TenantId tenant);

    /// <summary>Whether a maintenance window is open at a place now.</summary>
    Func<SiteId?, bool> Windows(TenantId tenant);
}

/// <param name="Interval">How long it may be silent, learned or as registered.</param>
/// <param name="IsHeard">It was heard, and is not silent now.</param>
/// <param name="Firmware">What it says that it runs; null when it never said.</param>
/// <param name="Battery">Percent; null when it has none or never said.</param>
public readonly record struct DeviceSigns(HealthSigns Signs, TimeSpan Interval, bool IsHeard, string? Firmware, double? Battery);
