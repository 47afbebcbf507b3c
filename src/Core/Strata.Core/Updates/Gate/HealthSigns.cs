namespace Strata.Core.Updates.Gate;

/// <summary>How a device is at one moment, as figures; not a number where it is not known.</summary>
/// <param name="Reboots">In the last day.</param>
/// <param name="Disconnects">In the last hour.</param>
/// <param name="Errors">In the last day.</param>
/// <param name="DataFaults">Gaps, late and repeated messages in the last day.</param>
/// <param name="BatteryPerDay">Percent that its battery loses in a day.</param>
/// <param name="LatencyMs">From its clock to the cloud, milliseconds.</param>
/// <param name="Silent">Not heard for longer than its learned interval allows.</param>
public readonly record struct HealthSigns(float Reboots, float Disconnects, float Errors, float DataFaults, float BatteryPerDay, float LatencyMs, bool Silent)
{
    public static readonly HealthSigns Unknown = new(float.NaN, float.NaN, float.NaN, float.NaN, float.NaN, float.NaN, false);

    /// <summary>An installation is one restart, and a connection lost on either side of it: that counts for nothing.</summary>
    public static readonly HealthSigns OfInstallation = new(1, 2, 0, 5, 0, 0, false);

    /// <summary>
    /// The metrics by which a device is ill now and was not before, one bit each. The lines are the same for both cohorts, so that where they lie moves what is found but not how often
    /// it is found wrongly.
    /// </summary>
    /// <param name="before">How the device was when the comparison began.</param>
    /// <param name="allowed">What is taken off first.</param>
    public int IllBy(in HealthSigns before, in HealthSigns allowed = default)
    {
        var ill = 0;
        if (IsMore(Reboots - allowed.Reboots, before.Reboots, 2))
            ill |= 1 << (int)HealthMetric.Reboots;
        if (IsMore(Disconnects - allowed.Disconnects, before.Disconnects, 3))
            ill |= 1 << (int)HealthMetric.Disconnects;
        if (Silent && !before.Silent)
            ill |= 1 << (int)HealthMetric.Silence;
        if (BatteryPerDay >= Math.Max(3 * Known(before.BatteryPerDay), Known(before.BatteryPerDay) + 1))
            ill |= 1 << (int)HealthMetric.Battery;
        if (IsMore(Errors - allowed.Errors, before.Errors, 5))
            ill |= 1 << (int)HealthMetric.Errors;
        if (IsMore(DataFaults - allowed.DataFaults, before.DataFaults, 10))
            ill |= 1 << (int)HealthMetric.DataQuality;
        if (!float.IsNaN(before.LatencyMs) && LatencyMs >= Math.Max(2 * before.LatencyMs, before.LatencyMs + 250))
            ill |= 1 << (int)HealthMetric.Latency;
        return ill;
    }

    /// <summary>More by three standard deviations of a count, and by so many at least.</summary>
    private static bool IsMore(float now, float before, float least) => now >= Known(before) + Math.Max(least, 3 * MathF.Sqrt(Known(before)));

    private static float Known(float value) => float.IsNaN(value) ? 0 : value;
}
