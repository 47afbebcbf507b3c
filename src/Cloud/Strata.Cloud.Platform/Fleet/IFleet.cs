using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Fleet;

/// <summary>
/// The devices, for the slices that do not keep them. Reads are of what is in memory and never wait; changes are written, with their audit
/// record, before they return. What a caller may do is asked by the route, not here. Safe from any thread.
/// </summary>
public interface IFleet
{
    IReadOnlyCollection<TenantId> Tenants { get; }

    /// <summary>One device, also when it is decommissioned; null when there is none of that name.</summary>
    FleetDevice? Find(TenantId tenant, DeviceId device);

    /// <summary>All devices of one moment, decommissioned ones too, in no order.</summary>
    IEnumerable<FleetDevice> Devices(TenantId tenant);

    /// <summary>All gateways of one moment, in the order of their ids.</summary>
    IEnumerable<FleetGateway> Gateways(TenantId tenant);

    /// <summary>
    /// Moves devices as one transaction. Each is judged by itself: what may not be is given back with why, the rest is done. In the order of <paramref name="moves"/>.
    /// </summary>
    Task<Outcome<IReadOnlyList<DeviceMoved>>> MoveAsync(Caller caller, IReadOnlyList<DeviceMove> moves, CancellationToken cancellationToken);

    /// <summary>
    /// Registers devices as one transaction, all or none; more than one are one audit record with a digest. The problem's field says which: <c>devices[17].site</c>.
    /// </summary>
    Task<Outcome<IReadOnlyList<RegisteredDevice>>> RegisterAsync(Caller caller, IReadOnlyList<NewDevice> devices, CancellationToken cancellationToken);

    /// <summary>Gives a device that is in service what a template makes of it now, or a new identity, as one transaction with one audit record.</summary>
    /// <param name="device">Its identity is made anew where that is a secret; which of the rest counts, <paramref name="scope"/> says.</param>
    Task<Outcome<RegisteredDevice>> ReprovisionAsync(Caller caller, NewDevice device, ReprovisionScope scope, CancellationToken cancellationToken);

    /// <summary>
    /// Puts a device in service in a place, as one transaction with its audit record; in that place already, it changes nothing. The place must be there.
    /// </summary>
    /// <param name="from">Where the caller saw it when it decided; elsewhere by now, it stays and the answer is a conflict.</param>
    Task<Outcome<FleetDevice>> PlaceAsync(Caller caller, DeviceId device, SiteId site, SiteId? from, CancellationToken cancellationToken);

    /// <summary>A step of a device's life, after its commit; on the writer's turn, in commit order. Must be quick and must not wait for a change.</summary>
    event Action<TenantId, DeviceId, DeviceTransition>? Moved;
}
