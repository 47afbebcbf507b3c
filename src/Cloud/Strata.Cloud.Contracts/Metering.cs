namespace Strata.Cloud.Contracts;

/// <summary>What a tenant used in a span of time, added up.</summary>
/// <param name="From">Start of the first hour that is in it.</param>
/// <param name="To">What is in it began before this.</param>
/// <param name="Devices">Most at one time; so are connections.</param>
/// <param name="StorageBytes">As last measured within the span.</param>
/// <param name="Periods">The same by hour, day or month when that was asked for.</param>
public sealed record UsageInfo(
    string Tenant, DateTimeOffset From, DateTimeOffset To, long MessagesIn, long BytesIn, long MessagesOut, long BytesOut, long ReadingsStored, long BytesStored, long ApiCalls,
    long Devices, long Connections, long StorageBytes, IReadOnlyList<UsagePeriodInfo>? Periods = null);

/// <summary>What was used within one hour, day or month of UTC.</summary>
/// <param name="DeviceClass">The devices' model; null where classes are added up.</param>
public sealed record UsagePeriodInfo(
    DateTimeOffset Start, string? DeviceClass, long MessagesIn, long BytesIn, long MessagesOut, long BytesOut, long ReadingsStored, long BytesStored, long ApiCalls, long Devices,
    long Connections, long StorageBytes);

/// <summary>What a tenant may use.</summary>
/// <param name="Plan">The template it follows.</param>
/// <param name="Own">Values in place of the plan's, by name; null is no limit.</param>
/// <param name="Quotas">What holds, those without a limit too.</param>
public sealed record QuotaInfo(string Tenant, string Plan, IReadOnlyDictionary<string, long?> Own, IReadOnlyList<QuotaItem> Quotas);

/// <summary>One quota.</summary>
/// <param name="Limit">Null for none.</param>
/// <param name="Used">Now; of the rates that have a limit the mean of the last minute. Null for what has no use of its own (a burst, an age, a size).</param>
/// <param name="State"><c>ok</c>, <c>warning</c> from 80 % on and when somebody was slowed or refused for a rate within the last minute, or <c>exceeded</c>.</param>
/// <param name="RunsOut">The day on which it is used up if use goes on as in the last 30 days; null when that is not within a year or fewer than three days are known.</param>
public sealed record QuotaItem(string Name, long? Limit, long? Used, string State, DateOnly? RunsOut);

/// <summary>A change of what a tenant may use.</summary>
/// <param name="Plan">Null leaves the plan as it is.</param>
/// <param name="Own">Values of the tenant's own, by name; null is no limit. Others stay.</param>
/// <param name="Follow">Names whose own values go, so that the plan's hold.</param>
public sealed record ChangeQuotas(string? Plan = null, IReadOnlyDictionary<string, long?>? Own = null, IReadOnlyList<string>? Follow = null);

/// <summary>A template of quotas.</summary>
/// <param name="Quotas">Limits by name; what is not named has none.</param>
public sealed record QuotaPlanInfo(string Name, bool BuiltIn, IReadOnlyDictionary<string, long> Quotas);

/// <summary>What a plan of the platform's own holds.</summary>
public sealed record PutQuotaPlan(IReadOnlyDictionary<string, long> Quotas);
