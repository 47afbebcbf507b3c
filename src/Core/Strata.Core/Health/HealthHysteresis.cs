using Strata.Core.Devices;

namespace Strata.Core.Health;

/// <summary>When health moves a device between active and degraded: below one line for a while, and back above a higher one for a longer while, so that nothing swings.</summary>
public static class HealthHysteresis
{
    /// <summary>Which side of the lines a score is on.</summary>
    public static HealthSide SideOf(in HealthVerdict verdict, HealthPolicy policy) =>
        // What a gateway's silence explains is no fault of the device's, and in maintenance it is expected.
        verdict.Bucket is HealthBucket.BehindGateway or HealthBucket.Maintenance or HealthBucket.Waiting ? HealthSide.Between
        : verdict.Score < policy.DegradedBelow ? HealthSide.Below
        : verdict.Score >= policy.ActiveFrom ? HealthSide.Above
        : HealthSide.Between;

    /// <summary>Where the device is to be moved now; null to leave it.</summary>
    /// <param name="since">Since when its score is on this side.</param>
    /// <param name="byHealth">Whether it was health that made it degraded: what somebody else did is his to undo.</param>
    public static DeviceState? Decide(DeviceState state, HealthSide side, DateTimeOffset since, bool byHealth, HealthPolicy policy, DateTimeOffset now) => (state, side) switch
    {
        (DeviceState.Active, HealthSide.Below) when now - since >= policy.DegradeAfter => DeviceState.Degraded,
        (DeviceState.Degraded, HealthSide.Above) when byHealth && now - since >= policy.RecoverAfter => DeviceState.Active,
        _ => null,
    };
}

/// <summary>See <see cref="HealthHysteresis"/>.</summary>
public enum HealthSide
{
    /// <summary>Neither good nor bad enough to move anything.</summary>
    Between,

    Below,

    Above,
}
