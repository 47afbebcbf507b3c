using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Configuration;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Platform.Configuration;

/// <summary>Layers of configuration, for the slice that rolls changes of them out. Safe from any thread.</summary>
public interface ILayers
{
    /// <summary>A change of a layer, made on what it says now.</summary>
    /// <param name="content">JSON of what it is to say, in place of what it says; null: it goes.</param>
    Task<Outcome<PreparedLayer>> PrepareAsync(TenantId tenant, string layer, string? content, CancellationToken cancellationToken);

    /// <summary>Of a layer that was deleted the version that its end counted; 0 where there never was one.</summary>
    Task<long> VersionAsync(TenantId tenant, string layer, CancellationToken cancellationToken);

    /// <summary>What devices that were given a change made of it.</summary>
    /// <param name="given">Since when each has it.</param>
    Task<LayerTrials> LookAsync(TenantId tenant, LayerChange change, IReadOnlyDictionary<DeviceId, DateTimeOffset> given, CancellationToken cancellationToken);

    /// <summary>Has the layer say it to everybody, or deletes it; nothing happens where it does already. A conflict where it has another version than the change was made on.</summary>
    Task<Problem?> KeepAsync(TenantId tenant, LayerChange change, string why, CancellationToken cancellationToken);

    /// <summary>Other devices have it now: it is brought to them soon, and not after the usual time.</summary>
    void Bring(TenantId tenant);
}

/// <summary>A change of a layer that is not made yet.</summary>
/// <param name="Query">Finds the devices that the layer concerns.</param>
/// <param name="Effect">What the change is for a device; of what was there when it was prepared.</param>
public sealed record PreparedLayer(LayerChange Change, string Query, Func<FleetDevice, LayerEffect> Effect);

/// <param name="Refusal">Why the device cannot have it; null when it can.</param>
/// <param name="Bytes">That it is sent.</param>
public readonly record struct LayerEffect(string? Refusal, int Bytes);

/// <param name="Version">Of the layer now.</param>
public sealed record LayerTrials(long Version, IReadOnlyDictionary<DeviceId, ConfigurationTrial> Of);
