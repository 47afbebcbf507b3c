using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Configuration;

/// <summary>What rollouts make of layers before the layers say it to everybody, for the slice that keeps the layers. Safe from any thread.</summary>
public interface IStagedLayers
{
    /// <summary>The rollout that changes a layer: nothing else does until it is over; null when none does. Reads what is in memory.</summary>
    string? HolderOf(TenantId tenant, string layer);

    /// <summary>
    /// What layers say to some devices otherwise, the newest last: it counts. All of it is written. To be asked before the layers are read: what a layer was changed to meanwhile is what was staged, while
    /// the other way round devices would be told for a moment what was before.
    /// </summary>
    /// <exception cref="IOException">It is not known now; to be asked again.</exception>
    Task<IReadOnlyList<StagedLayer>> OfAsync(TenantId tenant, CancellationToken cancellationToken);
}

/// <param name="Content">JSON; null: they do not have the layer.</param>
/// <param name="Devices">That have it; null for all.</param>
public sealed record StagedLayer(string Rollout, string Layer, string? Content, IReadOnlySet<DeviceId>? Devices)
{
    public bool IsFor(DeviceId device) => Devices?.Contains(device) ?? true;
}
