using Strata.Cloud.Devices.Registry;
using Strata.Core;

namespace Strata.Cloud.Devices.UseCases;

/// <summary>The tenant's quota of devices. Decommissioned ones do not count, and what was there before the quota stays.</summary>
internal static class DeviceQuota
{
    /// <summary>Why the change makes too many devices; null when it does not.</summary>
    /// <param name="quota">Null for no limit.</param>
    public static Problem? Check(RegistryChange change, long? quota)
    {
        if (quota is not { } most || ReferenceEquals(change.Image.Devices, change.Before.Devices))
            return null;
        var after = Count(change.Image);
        return after <= most || after <= Count(change.Before)
            ? null
            : new Problem(ProblemKind.TooMuch, $"There would be {after} devices; the tenant's quota devices is {most}. Decommission some, or ask the platform's owner for more.", "devices");
    }

    private static int Count(RegistryImage image) => image.Devices.Values.Count(RegistryImage.IsInService);
}
