using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Node.Link;

/// <summary>
/// What waits at this node for gateways: messages to devices that are heard through them. Kept until the gateway has each on its own disk; sent to it again until then. Safe from any thread.
/// </summary>
public interface IDownward
{
    /// <summary>Raised after something was kept for a gateway.</summary>
    event Action<TenantId, GatewayId>? Added;

    /// <summary>What waits for a gateway, oldest first.</summary>
    IReadOnlyList<DownwardMessage> WaitingFor(TenantId tenant, GatewayId gateway);

    /// <summary>The gateway has it. Nothing happens where it waits no more.</summary>
    Task TakenAsync(GatewayEntry gateway, string id, CancellationToken cancellationToken);
}
