using System.Globalization;
using Strata.Core.Devices;

namespace Strata.Core.Health;

/// <summary>What a device's health comes to.</summary>
/// <param name="Score">0 to 100.</param>
public readonly record struct HealthVerdict(int Score, HealthReasonSet Reasons, HealthBucket Bucket);

/// <summary>One reason with its sentence.</summary>
/// <param name="Weight">What it takes from the score.</param>
/// <param name="Detail">For people: what was found, and what was expected.</param>
public sealed record HealthFinding(HealthReason Reason, int Weight, string Detail);

/// <summary>Judges a device's health: a function of what is known of it, the thresholds and the time.</summary>
public static class HealthJudge
{
    /// <summary>What a receiver needs at a spreading factor of 7, dB, and for each one more (Semtech SX1276 data sheet, table 13).</summary>
    private const double LoraFloorAtSf7 = -7.5, LoraFloorPerSf = -2.5;

    /// <summary>The verdict. Allocates nothing.</summary>
    public static HealthVerdict Judge(in HealthFacts facts, HealthPolicy policy, DateTimeOffset now)
    {
        var reasons = Find(facts, policy, now);
        if (reasons.IsEmpty)
            return new HealthVerdict(HealthReasons.FullScore, reasons, BucketOf(facts, reasons)); // Of most devices, at every report.
        var score = HealthReasons.FullScore;
        for (var reason = HealthReason.GatewayDown; reason <= HealthReason.ClockSkew; reason++)
            score -= reasons.Contains(reason) ? HealthReasons.WeightOf(reason) : 0;
        return new HealthVerdict(Math.Max(0, score), reasons, BucketOf(facts, reasons));
    }

    /// <summary>The reasons of a verdict in sentences.</summary>
    public static IReadOnlyList<HealthFinding> Explain(in HealthFacts facts, HealthReasonSet reasons, HealthPolicy policy, DateTimeOffset now)
    {
        if (reasons.IsEmpty)
            return [];
        var findings = new List<HealthFinding>();
        foreach (var reason in reasons.List())
            findings.Add(new HealthFinding(reason, HealthReasons.WeightOf(reason), Sentence(reason, facts, policy, now)));
        return findings;
    }

    /// <summary>After what silence a device is offline: the policy's, or two of its own intervals where those are longer.</summary>
    public static TimeSpan OfflineAfter(in HealthFacts facts, HealthPolicy policy)
    {
        var own = 2 * (facts.Interval is { } learned && learned > facts.Heartbeat ? learned : facts.Heartbeat);
        return own > policy.OfflineAfter ? own : policy.OfflineAfter;
    }

    private static HealthReasonSet Find(in HealthFacts facts, HealthPolicy policy, DateTimeOffset now)
    {
        var found = default(HealthReasonSet);
        if (facts.LastHeard is { } heard)
        {
            var since = heard > facts.ListeningSince ? heard : facts.ListeningSince;
            if (facts.SilentAtGateway || now - since > OfflineAfter(facts, policy))
                found = found.With(facts.GatewayDown ? HealthReason.GatewayDown : HealthReason.Offline);
        }
        if (facts.Battery < policy.LowBatteryPercent)
            found = found.With(HealthReason.LowBattery);
        if (facts.Voltage < facts.CutOff * (1 + (policy.VoltageMarginPercent / 100)))
            found = found.With(HealthReason.LowVoltage);
        if (facts.Errors > facts.ErrorCohort.Limit(policy.CohortSigmas, policy.ErrorsPerDay))
            found = found.With(HealthReason.Errors);
        if (facts.Reboots > facts.RebootCohort.Limit(policy.CohortSigmas, policy.RebootsPerDay))
            found = found.With(HealthReason.Reboots);
        return FindInData(found, facts, policy);
    }

    private static HealthReasonSet FindInData(HealthReasonSet found, in HealthFacts facts, HealthPolicy policy)
    {
        if (facts.StuckMetric is not null)
            found = found.With(HealthReason.Stuck);
        if (facts.WrongMetric is not null)
            found = found.With(HealthReason.OutOfRange);
        if (facts.Gaps > policy.GapsPerDay)
            found = found.With(HealthReason.Gaps);
        if (facts.Late > policy.LatePerDay)
            found = found.With(HealthReason.Late);
        if (facts.Duplicates > policy.DuplicatesPerDay)
            found = found.With(HealthReason.Duplicates);
        if (IsWeak(facts, policy))
            found = found.With(HealthReason.WeakSignal);
        if (facts.Flaps > policy.FlapsPerHour)
            found = found.With(HealthReason.Flapping);
        if (facts.Skew.Duration() > policy.ClockSkew)
            found = found.With(HealthReason.ClockSkew);
        return found;
    }

    /// <summary>LoRa hears far below the noise, by its spreading factor; elsewhere the strength counts.</summary>
    private static bool IsWeak(in HealthFacts facts, HealthPolicy policy) => facts.SpreadingFactor is >= 7 and <= 12 && !double.IsNaN(facts.Snr)
        ? Margin(facts) < policy.LoraMargin
        : facts.Rssi < policy.WeakRssi;

    private static double Margin(in HealthFacts facts) => facts.Snr - (LoraFloorAtSf7 + (LoraFloorPerSf * (facts.SpreadingFactor - 7)));

    private static HealthBucket BucketOf(in HealthFacts facts, HealthReasonSet reasons)
    {
        if (facts.InWindow || facts.State == DeviceState.Maintenance)
            return HealthBucket.Maintenance;
        if (facts.LastHeard is null)
            return HealthBucket.Waiting;
        var bucket = HealthBucket.Healthy;
        if (reasons.IsEmpty)
            return bucket;
        for (var reason = HealthReason.GatewayDown; reason <= HealthReason.ClockSkew; reason++)
        {
            if (reasons.Contains(reason) && HealthReasons.BucketOf(reason) < bucket)
                bucket = HealthReasons.BucketOf(reason);
        }
        return bucket;
    }

    private static string Sentence(HealthReason reason, in HealthFacts facts, HealthPolicy policy, DateTimeOffset now) => reason switch
    {
        HealthReason.GatewayDown => $"silent for {Text(now - facts.LastHeard!.Value)}, because the gateway it was heard through is not reached",
        HealthReason.Offline when facts.SilentAtGateway => $"its gateway has not heard it for two heartbeats, last {Text(now - facts.LastHeard!.Value)} ago",
        HealthReason.Offline => $"silent for {Text(now - facts.LastHeard!.Value)}; offline after {Text(OfflineAfter(facts, policy))}",
        HealthReason.LowBattery => $"battery {Text(facts.Battery)} %; low below {Text(policy.LowBatteryPercent)} %",
        HealthReason.LowVoltage => $"{Text(facts.Voltage)} V; stops at {Text(facts.CutOff)} V, low within {Text(policy.VoltageMarginPercent)} % of it",
        HealthReason.Errors => $"{Text(facts.Errors)} errors in a day; usual is up to {Text(facts.ErrorCohort.Limit(policy.CohortSigmas, policy.ErrorsPerDay))}",
        HealthReason.Reboots => $"{Text(facts.Reboots)} restarts in a day; usual is up to {Text(facts.RebootCohort.Limit(policy.CohortSigmas, policy.RebootsPerDay))}",
        HealthReason.Stuck => $"{facts.StuckMetric} has not moved over {policy.StuckReadings} readings and {Text(policy.StuckAfter)}",
        HealthReason.OutOfRange => $"{facts.WrongMetric} is {Text(facts.WrongValue)}; it can be {Text(policy.Ranges[facts.WrongMetric!].Least)} to {Text(policy.Ranges[facts.WrongMetric!].Most)}",
        HealthReason.Gaps => $"{Text(facts.Gaps)} reports left out in a day; up to {Text(policy.GapsPerDay)} are usual",
        HealthReason.Late => $"{Text(facts.Late)} late arrivals in a day; up to {Text(policy.LatePerDay)} are usual",
        HealthReason.Duplicates => $"{Text(facts.Duplicates)} messages sent again in a day; up to {Text(policy.DuplicatesPerDay)} are usual",
        HealthReason.WeakSignal when facts.SpreadingFactor > 0 && !double.IsNaN(facts.Snr) => $"signal {Text(Margin(facts))} dB above what SF{facts.SpreadingFactor} needs; weak below {Text(policy.LoraMargin)} dB",
        HealthReason.WeakSignal => $"signal {Text(facts.Rssi)} dBm; weak below {Text(policy.WeakRssi)} dBm",
        HealthReason.Flapping => $"{Text(facts.Flaps)} connections lost in an hour; up to {Text(policy.FlapsPerHour)} are usual",
        HealthReason.ClockSkew => $"its clock is {Text(facts.Skew.Duration())} {(facts.Skew > TimeSpan.Zero ? "behind" : "ahead")}",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "Not a reason."),
    };

    private static string Text(double number) => Math.Round(number, 2).ToString("0.##", CultureInfo.InvariantCulture);

    private static string Text(TimeSpan time) => time switch
    {
        { TotalDays: >= 2 } => $"{Text(Math.Round(time.TotalDays, 1))} d",
        { TotalHours: >= 2 } => $"{Text(Math.Round(time.TotalHours, 1))} h",
        { TotalMinutes: >= 2 } => $"{Text(Math.Round(time.TotalMinutes))} min",
        _ => $"{Text(Math.Round(time.TotalSeconds))} s",
    };
}
