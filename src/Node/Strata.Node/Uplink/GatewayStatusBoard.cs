using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Node.Uplink;

/// <summary>What a gateway last said of itself and when.</summary>
public sealed record GatewayReport(GatewayStatus Status, DateTimeOffset Received);

/// <summary>The newest status of each gateway. Filled for authenticated gateways only, so the directory bounds it. Safe from any thread.</summary>
public sealed class GatewayStatusBoard
{
    private readonly ConcurrentDictionary<(TenantId, GatewayId), GatewayReport> reports = new();

    public void Set(TenantId tenant, GatewayId gateway, GatewayStatus status, DateTimeOffset received) =>
        reports[(tenant, gateway)] = new GatewayReport(status, received);

    public bool TryGet(TenantId tenant, GatewayId gateway, [NotNullWhen(true)] out GatewayReport? report) =>
        reports.TryGetValue((tenant, gateway), out report);

    /// <summary>Forgets a gateway that was removed.</summary>
    public void Remove(TenantId tenant, GatewayId gateway) => reports.TryRemove((tenant, gateway), out _);

    public IReadOnlyList<(GatewayId Gateway, GatewayReport Report)> All(TenantId tenant) =>
        [.. reports.Where(r => r.Key.Item1 == tenant).Select(r => (r.Key.Item2, r.Value))];
}
