using System.Collections.Frozen;
using Strata.Cloud.Health.Windows;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Devices;
using Strata.Core.Health;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Health.Book;

/// <summary>What all devices of a tenant are judged by at one moment: thresholds, gateways that are down, what is usual among their like.</summary>
internal sealed class FleetMoment
{
    public required DateTimeOffset Now { get; init; }

    public required HealthPolicy Policy { get; init; }

    /// <summary>Gateways that are not reached, with when they were last.</summary>
    public required FrozenDictionary<GatewayId, FleetGateway> Down { get; init; }

    public required CohortTable Cohorts { get; init; }

    /// <summary>Whether a maintenance window covers the device.</summary>
    public Func<FleetDevice, bool> InWindow { get; init; } = static _ => false;

    public CohortBaseline ErrorsOf(string? model) => Cohorts.Errors.GetValueOrDefault(model ?? "");

    public CohortBaseline RebootsOf(string? model) => Cohorts.Reboots.GetValueOrDefault(model ?? "");
}

/// <summary>What is usual, by model.</summary>
internal sealed record CohortTable(IReadOnlyDictionary<string, CohortBaseline> Errors, IReadOnlyDictionary<string, CohortBaseline> Reboots)
{
    public static readonly CohortTable Empty = new(new Dictionary<string, CohortBaseline>(), new Dictionary<string, CohortBaseline>());
}

/// <summary>Makes moments. What is usual is reckoned by the periodic look, which walks the fleet anyway.</summary>
internal sealed class FleetMoments(IFleet fleet, HealthBook book, WindowBook windows, TimeProvider time)
{
    private readonly System.Collections.Concurrent.ConcurrentDictionary<TenantId, CohortTable> cohorts = new();

    public FleetMoment Of(TenantId tenant)
    {
        var now = time.GetUtcNow();
        var inWindow = windows.Now(tenant, now);
        return new FleetMoment
        {
            Now = now, InWindow = device => inWindow(device.Site), Policy = book.PolicyOf(tenant), Down = fleet.Gateways(tenant).Where(g => !g.Online).ToFrozenDictionary(g => g.Id),
            Cohorts = cohorts.GetValueOrDefault(tenant, CohortTable.Empty),
        };
    }

    public void SetCohorts(TenantId tenant, CohortTable table) => cohorts[tenant] = table;

    public void Forget(TenantId tenant) => cohorts.TryRemove(tenant, out _);
}
