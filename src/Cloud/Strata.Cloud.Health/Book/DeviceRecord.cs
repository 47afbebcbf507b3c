using Strata.Core.Health;
using Strata.Core.Maintenance;
using Strata.Core.Telemetry;
using Strata.Core.Updates.Gate;

namespace Strata.Cloud.Health.Book;

/// <summary>
/// What is known of one device's health, in memory. Hearing notes the little that cannot be found out later; everything else is taken in by the periodic look. Safe from any
/// thread: what is not simple is behind <see cref="Gate"/>.
/// </summary>
internal sealed class DeviceRecord
{
    public static readonly TimeSpan Day = TimeSpan.FromDays(1);
    public static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <summary>Held while the record is read or changed; never over a call that waits.</summary>
    public Lock Gate { get; } = new();

    /// <summary>When the device was registered.</summary>
    public DateTimeOffset Created { get; set; }

    public LearnedInterval Interval { get; } = new();

    /// <summary>When it was heard last since the node's start; null before the first.</summary>
    public DateTimeOffset? Heard { get; private set; }

    /// <summary>It was heard since the last look.</summary>
    public bool IsFresh { get; set; }

    /// <summary>Something changed since it was written.</summary>
    public bool IsDirty { get; set; }

    public DateTimeOffset Kept { get; set; }

    /// <summary>Said by its gateway; until it is heard again.</summary>
    public bool SilentAtGateway { get; set; }

    public ReportedHealth Reported { get; } = new();

    public ObservedData Data { get; } = new();

    private RateWindow errors, reboots, gaps, late, duplicates, flaps;

    public double Errors(DateTimeOffset now) => errors.Of(now, Day);

    public double Reboots(DateTimeOffset now) => reboots.Of(now, Day);

    public string? LastDisconnect { get; private set; }

    public DateTimeOffset? LastDisconnectAt { get; private set; }

    /// <summary>On which side of the lines its score is, and since when.</summary>
    public HealthSide Side { get; private set; }

    public DateTimeOffset SideSince { get; private set; }

    /// <summary>Health has made it degraded.</summary>
    public bool DegradedByHealth { get; set; }

    /// <summary>Failures seen of it: times that it fell silent or below the line.</summary>
    public double Failures { get; private set; }

    private DateTimeOffset observedSince;
    private BatteryHistory? battery;
    private (DateTimeOffset At, double ServedAt, int Points, BatteryForecast? Forecast) foretold;

    /// <summary>Days that it was looked at.</summary>
    public double ObservedDays(DateTimeOffset now) => observedSince == default ? 0 : Math.Max(0, (now - observedSince).TotalDays);

    /// <summary>When its battery is used up; null while that is not foreseen. Reckoned anew with a new point, and otherwise once an hour.</summary>
    public BatteryForecast? Forecast(double servedAt, DateTimeOffset now)
    {
        lock (Gate)
        {
            if (battery is null)
                return null;
            if (foretold.Points != battery.Points.Count || foretold.ServedAt != servedAt || now - foretold.At >= Hour)
                foretold = (now, servedAt, battery.Points.Count, BatteryForecast.Make(battery.Points, servedAt, now));
            return foretold.Forecast;
        }
    }

    /// <summary>How it is, as figures of a day or an hour; not a number where it never said.</summary>
    public HealthSigns Signs(bool silent, DateTimeOffset now)
    {
        lock (Gate)
        {
            var faults = gaps.Of(now, Day) + late.Of(now, Day) + duplicates.Of(now, Day);
            return new HealthSigns((float)reboots.Of(now, Day), (float)flaps.Of(now, Hour), (float)errors.Of(now, Day), (float)faults, (float)(battery?.LossPerDay() ?? double.NaN), Data.Latency, silent);
        }
    }

    /// <summary>Somebody has mended the device: what was of the old part begins anew.</summary>
    public void Reset(DateTimeOffset at, bool newBattery, bool mended)
    {
        lock (Gate)
        {
            IsDirty = true;
            if (newBattery)
            {
                (battery ??= new BatteryHistory()).Replace(at);
                Reported.ForgetBattery(at);
            }
            if (mended)
                (errors, reboots) = (default, default);
        }
    }

    /// <summary>Heard by its own connection or through a gateway. A backlog says that it was heard once, not how often it reports.</summary>
    public void Hear(DateTimeOffset at, bool live)
    {
        lock (Gate)
        {
            IsFresh = IsDirty = true;
            SilentAtGateway &= !live;
            if (!live)
                return;
            if (Heard is { } before && at > before)
            {
                var gap = at - before;
                if (Interval.Missed(gap) is > 0 and var missed)
                    gaps.Add(missed, at, Day);
                Interval.Learn(gap);
            }
            Heard = Heard is { } last && last > at ? last : at;
        }
    }

    public void Lost(DateTimeOffset at, string reason)
    {
        lock (Gate)
        {
            IsDirty = true;
            flaps.Add(1, at, Hour);
            (LastDisconnect, LastDisconnectAt) = (reason, at);
        }
    }

    public void Repeated(DateTimeOffset at, int messages)
    {
        lock (Gate)
            duplicates.Add(messages, at, Day);
    }

    /// <summary>Takes in the device's newest values.</summary>
    public void Take(ReadOnlySpan<Reading> newest, HealthPolicy policy)
    {
        lock (Gate)
        {
            var at = Heard ?? DateTimeOffset.MinValue;
            if (Reported.Take(newest, out var newErrors, out var newReboots))
            {
                IsDirty = true;
                errors.Add(newErrors, at, Day);
                reboots.Add(newReboots, at, Day);
            }
            if (Data.Take(newest, at, policy))
                late.Add(1, at, Day);
            if (Reported.NewBattery is { } point)
                (battery ??= new BatteryHistory()).Add(point);
            if (observedSince == default)
                observedSince = at;
        }
    }

    /// <summary>Notes which side a score is on now.</summary>
    public void Stand(HealthSide side, DateTimeOffset now)
    {
        if (side == Side && SideSince != default)
            return;
        Failures += side == HealthSide.Below && SideSince != default ? 1 : 0;
        (Side, SideSince) = (side, now);
    }

    /// <summary>Adds what is known here to facts that are known elsewhere.</summary>
    public HealthFacts AddTo(HealthFacts facts, HealthPolicy policy, DateTimeOffset now)
    {
        lock (Gate)
        {
            var wrong = Data.OutOfRange(policy);
            return facts with
            {
                Interval = Interval.Interval, SilentAtGateway = SilentAtGateway, Battery = Reported.Battery, Voltage = Reported.Voltage, CutOff = Reported.CutOff, Rssi = Reported.Rssi,
                Snr = Reported.Snr, SpreadingFactor = Reported.SpreadingFactor, Errors = errors.Of(now, Day), Reboots = reboots.Of(now, Day), Gaps = gaps.Of(now, Day), Late = late.Of(now, Day),
                Duplicates = duplicates.Of(now, Day), Flaps = flaps.Of(now, Hour), Skew = Data.Skew, StuckMetric = Data.Stuck(policy), WrongMetric = wrong?.Metric, WrongValue = wrong?.Value ?? 0,
            };
        }
    }

    public KeptHealth Keep()
    {
        lock (Gate)
        {
            IsDirty = false;
            return new KeptHealth
            {
                Created = EventTime.From(Created), Gaps = Interval.Gaps, Lags = Data.Lags, Battery = Known(Reported.Battery), Voltage = Known(Reported.Voltage), CutOff = Known(Reported.CutOff), Rssi = Known(Reported.Rssi),
                Snr = Known(Reported.Snr), SpreadingFactor = Reported.SpreadingFactor, Firmware = Reported.Firmware, ErrorCount = Known(Reported.ErrorCount), RebootCount = Known(Reported.RebootCount),
                Uptime = Known(Reported.Uptime), DegradedByHealth = DegradedByHealth, LastDisconnect = LastDisconnect, LastDisconnectAt = LastDisconnectAt,
                BatteryPoints = [.. (battery?.Points ?? []).SelectMany(b => new[] { b.Time.ToUnixTimeSeconds(), b.Percent, double.IsNaN(b.Celsius) ? -999 : b.Celsius })], BatterySpacing = battery?.Spacing.TotalHours ?? 0,
                BatteryReplaced = battery?.Replaced, Failures = Failures, ObservedSince = observedSince == default ? null : observedSince,
                Rates = [.. new[] { errors, reboots, gaps, late, duplicates, flaps }.SelectMany(r => new[] { r.Parts.Window, r.Parts.Before, r.Parts.Now })],
            };
        }
    }

    public static DeviceRecord Restore(KeptHealth kept)
    {
        var record = new DeviceRecord { Created = EventTime.ToDateTimeOffset(kept.Created), DegradedByHealth = kept.DegradedByHealth, LastDisconnect = kept.LastDisconnect, LastDisconnectAt = kept.LastDisconnectAt };
        foreach (var gap in kept.Gaps)
            record.Interval.Learn(TimeSpan.FromSeconds(gap));
        record.Reported.Restore(kept);
        record.Data.Restore(kept);
        (record.Failures, record.observedSince) = (kept.Failures, kept.ObservedSince ?? default);
        if (kept.BatteryPoints.Length > 0 || kept.BatteryReplaced is not null)
            record.battery = BatteryHistory.Restore(kept.BatteryPoints.Chunk(3).Where(c => c.Length == 3).Select(c => new BatteryPoint(DateTimeOffset.FromUnixTimeSeconds((long)c[0]), c[1], c[2] <= -999 ? double.NaN : c[2])), TimeSpan.FromHours(Math.Max(1, kept.BatterySpacing)), kept.BatteryReplaced);
        RateWindow At(int index) => kept.Rates.Length >= (index * 3) + 3 ? RateWindow.Restore((long)kept.Rates[index * 3], (float)kept.Rates[(index * 3) + 1], (float)kept.Rates[(index * 3) + 2]) : default;
        (record.errors, record.reboots, record.gaps, record.late, record.duplicates, record.flaps) = (At(0), At(1), At(2), At(3), At(4), At(5));
        return record;
    }

    private static double? Known(double value) => double.IsNaN(value) ? null : value;
}
