using System.Collections.Immutable;
using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Core.Health;

namespace Strata.Cloud.Health.Policy;

/// <summary>Thresholds as the API and the table write them.</summary>
internal static class PolicyText
{
    public static HealthPolicyInfo Info(HealthPolicy policy) => new()
    {
        LowBatteryPercent = policy.LowBatteryPercent, OfflineAfter = policy.OfflineAfter, VoltageMarginPercent = policy.VoltageMarginPercent, WeakRssi = policy.WeakRssi, LoraMargin = policy.LoraMargin,
        CohortSigmas = policy.CohortSigmas, ErrorsPerDay = policy.ErrorsPerDay, RebootsPerDay = policy.RebootsPerDay, GapsPerDay = policy.GapsPerDay, LatePerDay = policy.LatePerDay, LateAfter = policy.LateAfter,
        DuplicatesPerDay = policy.DuplicatesPerDay, FlapsPerHour = policy.FlapsPerHour, ClockSkew = policy.ClockSkew, StuckAfter = policy.StuckAfter, StuckReadings = policy.StuckReadings,
        DegradedBelow = policy.DegradedBelow, ActiveFrom = policy.ActiveFrom, DegradeAfter = policy.DegradeAfter, RecoverAfter = policy.RecoverAfter,
        Ranges = policy.Ranges.ToDictionary(r => r.Key, r => new[] { r.Value.Least, r.Value.Most }),
    };

    /// <summary>These thresholds with what the request says in their place.</summary>
    public static HealthPolicy Apply(HealthPolicy policy, HealthPolicyInfo said) => policy with
    {
        LowBatteryPercent = said.LowBatteryPercent ?? policy.LowBatteryPercent, OfflineAfter = said.OfflineAfter ?? policy.OfflineAfter,
        VoltageMarginPercent = said.VoltageMarginPercent ?? policy.VoltageMarginPercent, WeakRssi = said.WeakRssi ?? policy.WeakRssi, LoraMargin = said.LoraMargin ?? policy.LoraMargin,
        CohortSigmas = said.CohortSigmas ?? policy.CohortSigmas, ErrorsPerDay = said.ErrorsPerDay ?? policy.ErrorsPerDay, RebootsPerDay = said.RebootsPerDay ?? policy.RebootsPerDay,
        GapsPerDay = said.GapsPerDay ?? policy.GapsPerDay, LatePerDay = said.LatePerDay ?? policy.LatePerDay, LateAfter = said.LateAfter ?? policy.LateAfter,
        DuplicatesPerDay = said.DuplicatesPerDay ?? policy.DuplicatesPerDay, FlapsPerHour = said.FlapsPerHour ?? policy.FlapsPerHour, ClockSkew = said.ClockSkew ?? policy.ClockSkew,
        StuckAfter = said.StuckAfter ?? policy.StuckAfter, StuckReadings = said.StuckReadings ?? policy.StuckReadings, DegradedBelow = said.DegradedBelow ?? policy.DegradedBelow,
        ActiveFrom = said.ActiveFrom ?? policy.ActiveFrom, DegradeAfter = said.DegradeAfter ?? policy.DegradeAfter, RecoverAfter = said.RecoverAfter ?? policy.RecoverAfter,
        Ranges = said.Ranges?.ToImmutableSortedDictionary(r => r.Key, r => new ValueRange(r.Value[0], r.Value[1]), StringComparer.Ordinal) ?? policy.Ranges,
    };

    public static string Write(HealthPolicy policy) => JsonSerializer.Serialize(Info(policy), ContractsJson.Default.HealthPolicyInfo);

    public static HealthPolicy Read(string text) => Apply(HealthPolicy.Default, JsonSerializer.Deserialize(text, ContractsJson.Default.HealthPolicyInfo)!);
}
