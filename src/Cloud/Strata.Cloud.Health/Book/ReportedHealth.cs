using Strata.Core.Maintenance;
using Strata.Core.Telemetry;

namespace Strata.Cloud.Health.Book;

/// <summary>What a device says of itself on <c>devices/{id}/health</c>. NaN where it has not said. Guarded by its record.</summary>
internal sealed class ReportedHealth
{
    public double Battery { get; private set; } = double.NaN;

    public double Voltage { get; private set; } = double.NaN;

    public double CutOff { get; private set; } = double.NaN;

    public double Rssi { get; private set; } = double.NaN;

    public double Snr { get; private set; } = double.NaN;

    public int SpreadingFactor { get; private set; }

    public string? Firmware { get; private set; }

    /// <summary>As it counts them, since whenever it does.</summary>
    public double ErrorCount { get; private set; } = double.NaN;

    public double RebootCount { get; private set; } = double.NaN;

    /// <summary>Seconds.</summary>
    public double Uptime { get; private set; } = double.NaN;

    /// <summary>The level that was taken in last, when it was a new one; null when there was none.</summary>
    public BatteryPoint? NewBattery { get; private set; }

    /// <summary>Levels up to then are of a battery that is gone.</summary>
    private long batteryFrom;
    private long batteryTime;

    /// <summary>A new battery is in it: nothing is known of it until the device reports again.</summary>
    public void ForgetBattery(DateTimeOffset at) => (Battery, batteryFrom) = (double.NaN, EventTime.From(at));

    /// <summary>Takes in newest values.</summary>
    /// <param name="newErrors">Errors since the last time.</param>
    /// <returns>Whether there was any of health among them.</returns>
    public bool Take(ReadOnlySpan<Reading> newest, out double newErrors, out double newReboots)
    {
        (newErrors, newReboots) = (0, 0);
        var found = false;
        var (uptime, counted, celsius) = (double.NaN, false, double.NaN);
        NewBattery = null;
        foreach (ref readonly var reading in newest)
        {
            if (reading.Metric.Value is "temperature" or "health.temperature" && reading.Value.Kind == ReadingKind.Number)
                celsius = reading.Value.Number;
            if (!reading.Metric.IsHealth)
                continue;
            found = true;
            var number = reading.Value.Number;
            switch (reading.Metric.Value.AsSpan(MetricName.HealthPrefix.Length))
            {
                case "battery": TakeBattery(reading); break;
                case "voltage": Voltage = number; break;
                case "cutoff": CutOff = number; break;
                case "rssi": Rssi = number; break;
                case "snr": Snr = number; break;
                case "sf": SpreadingFactor = number is >= 7 and <= 12 ? (int)number : 0; break;
                case "firmware": Firmware = reading.Value.ToString(); break;
                case "errors": newErrors = Since(ErrorCount, number); ErrorCount = number; break;
                case "reboots": newReboots = Since(RebootCount, number); RebootCount = number; counted = true; break;
                case "uptime": uptime = number; break;
                default: break;
            }
        }
        if (NewBattery is { } point)
            NewBattery = point with { Celsius = celsius };
        // A device that does not count its restarts shows them by an uptime that begins again.
        if (!counted && uptime < Uptime)
            newReboots = 1;
        Uptime = double.IsNaN(uptime) ? Uptime : uptime;
        return found;
    }

    private void TakeBattery(in Reading reading)
    {
        if (reading.Time <= batteryFrom)
            return;
        Battery = reading.Value.Number;
        if (reading.Time <= batteryTime)
            return;
        batteryTime = reading.Time;
        NewBattery = BatteryPoint.Of(EventTime.ToDateTimeOffset(reading.Time), Battery);
    }

    public void Restore(KeptHealth kept)
    {
        batteryFrom = kept.BatteryReplaced is { } replaced ? EventTime.From(replaced) : 0;
        (Battery, Voltage, CutOff, Rssi, Snr) = (kept.Battery ?? double.NaN, kept.Voltage ?? double.NaN, kept.CutOff ?? double.NaN, kept.Rssi ?? double.NaN, kept.Snr ?? double.NaN);
        (SpreadingFactor, Firmware) = (kept.SpreadingFactor, kept.Firmware);
        (ErrorCount, RebootCount, Uptime) = (kept.ErrorCount ?? double.NaN, kept.RebootCount ?? double.NaN, kept.Uptime ?? double.NaN);
    }

    /// <summary>A counter that is lower than before has begun again. The first time nothing is known of when it was counted.</summary>
    private static double Since(double before, double now) => double.IsNaN(before) ? 0 : now >= before ? now - before : Math.Max(0, now);
}
