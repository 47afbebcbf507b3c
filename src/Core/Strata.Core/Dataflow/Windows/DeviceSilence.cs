using Strata.Core.Devices;
using Strata.Core.Telemetry;

namespace Strata.Core.Dataflow;

/// <summary>
/// Whether a device is silent: nothing heard for two of its heartbeats, by the wall clock. A value to be kept per device; each step gives the
/// next value and says whether the device fell silent or returned with it.
/// </summary>
/// <param name="LastHeard">Wall clock, microseconds; for a device never heard the time from which it was expected.</param>
public readonly record struct DeviceSilence(long LastHeard, bool IsSilent)
{
    /// <summary>When it counts as silent if nothing more is heard; no check before that time can find it so.</summary>
    public long SilentAt(TimeSpan heartbeat) => LastHeard + WindowMath.StandingHeartbeats * EventTime.Span(heartbeat);

    /// <summary>After something was heard.</summary>
    public DeviceSilence Heard(long now, out bool returned)
    {
        returned = IsSilent;
        return new DeviceSilence(Math.Max(LastHeard, now), false);
    }

    /// <summary>After the clock was looked at.</summary>
    public DeviceSilence Check(long now, TimeSpan heartbeat, out bool fellSilent)
    {
        fellSilent = !IsSilent && now > SilentAt(heartbeat);
        return fellSilent ? this with { IsSilent = true } : this;
    }

    /// <summary>The event of a device that fell silent.</summary>
    public static FleetEvent SilentEvent(DeviceId device, GatewayId? gateway, long lastHeard, long now) => new(
        now, FleetEventKinds.DeviceSilent, device, gateway, $"No reading for {Minutes(now - lastHeard)}.");

    /// <summary>The event of a device that returned.</summary>
    public static FleetEvent ReturnedEvent(DeviceId device, GatewayId? gateway, long lastHeard, long now) => new(
        now, FleetEventKinds.DeviceReturned, device, gateway, $"Heard again after {Minutes(now - lastHeard)}.");

    private static string Minutes(long span) => span < 120_000_000 ? $"{span / 1_000_000} s" : $"{span / 60_000_000} min";
}
