using System.Collections.Immutable;
using Strata.Core.Architecture;
using Strata.Core.Devices;

namespace Strata.Cloud.Platform.Fleet;

/// <summary>A device that is to be registered. What is not given has its default.</summary>
public sealed record NewDevice(DeviceId Id)
{
    /// <summary>Where it is. The first place of a new tree is made; an unknown place within a tree that is there is a slip and refused.</summary>
    public SiteId? Site { get; init; }

    public string? Model { get; init; }

    public TimeSpan? Heartbeat { get; init; }

    public ImmutableSortedDictionary<string, double>? Deadband { get; init; }

    /// <summary>Gateways that may serve it beside those of its place.</summary>
    public ImmutableArray<string> Gateways { get; init; } = [];

    /// <summary>Groups that it is put into; they must be there.</summary>
    public ImmutableArray<string> Groups { get; init; } = [];

    public ImmutableSortedDictionary<string, string>? Tags { get; init; }

    public string? Serial { get; init; }

    public string? Batch { get; init; }

    public string? PowerProfile { get; init; }

    /// <summary>How it is known to be itself.</summary>
    public NewIdentity Identity { get; init; } = NewIdentity.Secret;

    /// <summary>The cause of its first step.</summary>
    public string Cause { get; init; } = "registered";
}

/// <summary>What a new device shows when it connects.</summary>
public enum NewIdentity
{
    /// <summary>A secret, made here and given once.</summary>
    Secret,

    /// <summary>A certificate, which it has or gets by whoever registers it.</summary>
    Certificate,

    /// <summary>Nothing yet: it is unprovisioned and may not connect.</summary>
    None,
}

/// <summary>A device that was registered.</summary>
/// <param name="Secret">Shown once; null where none was made.</param>
public sealed record RegisteredDevice(DeviceId Id, string? Secret);

/// <summary>What of a device that is provisioned anew becomes another.</summary>
public enum ReprovisionScope
{
    /// <summary>Its identity.</summary>
    Identity,

    /// <summary>And its place, with the gateways that may serve it.</summary>
    Place,

    /// <summary>And what it is configured with: as a new device.</summary>
    Everything,
}
