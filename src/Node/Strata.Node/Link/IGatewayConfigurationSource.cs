using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Node.Link;

/// <summary>
/// Knows what each gateway below this node must know: the registry in the cloud, a gateway's own configuration for gateways chained to it.
/// </summary>
public interface IGatewayConfigurationSource
{
    /// <summary>
    /// Raised after a gateway's configuration got a new version. May be raised more often than needed; called on the writer's thread.
    /// </summary>
    event Action<TenantId, GatewayId>? Changed;

    /// <summary>The whole of it; null when the gateway is no longer known.</summary>
    ValueTask<GatewayConfiguration?> CurrentAsync(GatewayEntry gateway, CancellationToken cancellationToken);

    /// <summary>
    /// What changed after <paramref name="version"/> up to now; null when that cannot be said as one change (too long ago, too large): the
    /// whole is sent then. A change whose version equals <paramref name="version"/> says that nothing changed.
    /// </summary>
    ValueTask<GatewayChange?> ChangeSinceAsync(GatewayEntry gateway, long version, CancellationToken cancellationToken);
}

/// <summary>Told when the link to a gateway comes and goes. Must be quick and must not throw.</summary>
public interface ILinkEvents
{
    void LinkUp(GatewayEntry gateway, DateTimeOffset at);

    /// <param name="reason">One phrase for people.</param>
    void LinkDown(GatewayEntry gateway, DateTimeOffset at, string reason);
}
