namespace Strata.Core.Devices;

/// <summary>Where a device stands in its life.</summary>
public enum DeviceState
{
    /// <summary>Known by name, without an identity of its own yet.</summary>
    Unprovisioned,

    /// <summary>It has its identity and has not been heard yet.</summary>
    Provisioning,

    /// <summary>Heard, and healthy as far as is known.</summary>
    Active,

    /// <summary>Heard, but something is wrong with it.</summary>
    Degraded,

    /// <summary>Taken out of service for a while, by somebody.</summary>
    Maintenance,

    /// <summary>Out of service for good. Its name is free for a new device.</summary>
    Decommissioned,
}
