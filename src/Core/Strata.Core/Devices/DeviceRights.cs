namespace Strata.Core.Devices;

/// <summary>What a device may do in a state of its life. Which state gives what is in <see cref="DeviceLifecycle"/>, in one table.</summary>
/// <param name="Connect">It is let in with its secret or certificate.</param>
/// <param name="Publish">What it sends is taken.</param>
/// <param name="Commands">It gets what is published to <c>devices/{id}/commands/...</c>.</param>
/// <param name="Billed">It counts as a device in use.</param>
public readonly record struct DeviceRights(bool Connect, bool Publish, bool Commands, bool Billed)
{
    /// <summary>Everything.</summary>
    public static readonly DeviceRights All = new(true, true, true, true);

    /// <summary>Nothing.</summary>
    public static readonly DeviceRights None;
}
