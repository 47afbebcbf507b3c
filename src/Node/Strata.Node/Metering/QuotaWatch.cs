using System.Collections.Concurrent;
using Strata.Core.Dataflow;
using Strata.Core.Metering;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Mqtt;
using Strata.Node.Devices;
using Strata.Telemetry;

namespace Strata.Node.Metering;

/// <summary>
/// Tells of quotas that are nearly or wholly used, as events of the tenant: <c>quota.warning</c> from 80 % on and when somebody was slowed or refused for a rate, <c>quota.exceeded</c>,
/// <c>quota.ok</c> when there is room again.
/// </summary>
public sealed class QuotaWatch(IFleetEvents events, Lazy<MqttBroker> broker, TimeProvider time)
{
    /// <summary>Below this share of what was said before, it is said anew: a figure that swings does not ring each time.</summary>
    private const double Rest = 0.95;

    private readonly Dictionary<(TenantId Tenant, string Quota), QuotaState> told = [];
    private readonly ConcurrentDictionary<TenantId, RateState> rates = [];

    /// <summary>Looks at the quotas of all tenants.</summary>
    internal async Task LookAsync(Meter meter, DeviceDirectory devices, ITelemetryStore store, CancellationToken cancellationToken)
    {
        foreach (var tenant in meter.All)
        {
            await LookAtRatesAsync(tenant, store, cancellationToken);
            foreach (var use in UsesOf(tenant, devices))
                Look(tenant.Tenant, use);
        }
    }

    /// <summary>What is there of the quotas that have a limit.</summary>
    public IEnumerable<QuotaUse> UsesOf(TenantMeter tenant, DeviceDirectory devices)
    {
        var quotas = tenant.Quotas;
        if (quotas.Devices is { } most)
            yield return new QuotaUse("devices", most, devices.All(tenant.Tenant).Count(d => d.Enabled), null);
        if (quotas.Connections is { } open)
            yield return new QuotaUse("connections", open, broker.Value.TrafficOf(tenant.Tenant.Value).Connected, null);
        if (quotas.StorageBytes is { } bytes)
            yield return new QuotaUse("storageBytes", bytes, tenant.StorageBytes, null);
        if (!rates.TryGetValue(tenant.Tenant, out var rate))
            yield break;
        foreach (var use in rate.Minute.Of(quotas))
            yield return use;
    }

    /// <summary>What was used of rates is what the store has counted since the last look.</summary>
    private async Task LookAtRatesAsync(TenantMeter tenant, ITelemetryStore store, CancellationToken cancellationToken)
    {
        var held = tenant.TakeHeld();
        var slowed = broker.Value.TrafficOf(tenant.Tenant.Value).Slowed;
        if (!tenant.Quotas.Items.Any(static i => i.Limit is not null && Quotas.IsRate(i.Name)))
        {
            rates[tenant.Tenant] = new RateState { Slowed = slowed };
            return;
        }
        var now = time.GetUtcNow();
        var rate = rates.GetOrAdd(tenant.Tenant, static _ => new RateState());
        var hour = UsageSums.HourOf(now);
        var hours = await store.UsageAsync(tenant.Tenant, rate.Hour ?? hour, now.AddSeconds(1), cancellationToken);
        var all = Sum(hours);
        var before = rate.Hour is null ? all : rate.Before; // What was used before the first look is nobody's rate.
        rate.Minute = rate.Rates.Add(
            now, new RateUse(all.Messages - before.Messages, all.Bytes - before.Bytes, all.Calls - before.Calls, held.Messages + slowed - rate.Slowed, held.Calls));
        (rate.Hour, rate.Before, rate.Slowed) = (hour, Sum(hours.Where(h => h.Hour >= hour)), slowed);

        static RateUse Sum(IEnumerable<UsageHour> hours) =>
            hours.Aggregate(default(RateUse), static (sum, h) => sum with { Messages = sum.Messages + h.MessagesIn, Bytes = sum.Bytes + h.BytesIn, Calls = sum.Calls + h.ApiCalls });
    }

    private void Look(TenantId tenant, QuotaUse use)
    {
        var before = told.GetValueOrDefault((tenant, use.Name));
        if (use.State == before || (use.State < before && use.Share >= Rest * (before == QuotaState.Exceeded ? 1 : QuotaUse.WarnAt)))
            return;
        told[(tenant, use.Name)] = use.State;
        var kind = use.State switch { QuotaState.Warning => "quota.warning", QuotaState.Exceeded => "quota.exceeded", _ => "quota.ok" };
        events.Raise(tenant, new FleetEvent(EventTime.From(time.GetUtcNow()), kind, null, null, $"{use.Name}: {use.Used} of {use.Limit} are used{(use.IsHeld ? "; some had to wait or were refused" : "")}"));
    }

    private sealed class RateState
    {
        public UsageRates Rates { get; } = new();

        public RateUse Minute { get; set; }

        /// <summary>The hour from which on <see cref="Before"/> was counted; null before the first look at a rate.</summary>
        public DateTimeOffset? Hour { get; set; }

        public RateUse Before { get; set; }

        public long Slowed { get; set; }
    }
}
