using Strata.Core;
using Strata.Core.Devices;

namespace Strata.Cloud.Platform.Fleet;

/// <summary>A step that is asked for.</summary>
/// <param name="Cause">One phrase for people; 1 to <see cref="DeviceTransition.MaxCauseLength"/> characters.</param>
public sealed record DeviceMove(DeviceId Device, DeviceState To, string Cause)
{
    /// <summary>What it was decided on: a JSON document of at most <see cref="DeviceTransition.MaxEvidenceLength"/> characters.</summary>
    public string? Evidence { get; init; }

    /// <summary>The state that it was decided on: in another one by now, the device is left alone. Null for any.</summary>
    public DeviceState? From { get; init; }
}

/// <summary>What became of it: exactly one of both is there.</summary>
/// <param name="Transition">The step, as it was written.</param>
/// <param name="Refused">Why it was not made: there is no such device, no such step, or it has moved since.</param>
public sealed record DeviceMoved(DeviceMove Move, DeviceTransition? Transition, Problem? Refused);
