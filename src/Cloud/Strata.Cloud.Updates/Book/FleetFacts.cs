using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Platform.Updates;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Manifests;
using Strata.Core.Updates.Rings;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Updates.Book;

/// <summary>What is known of devices that an update is judged on.</summary>
internal sealed class FleetFacts(IFleet fleet, IDeviceSigns signs, UpdatesStore store)
{
    /// <summary>The tag that says which revision a device's board is of.</summary>
    public const string HardwareTag = "hardware";

    public IFleet Fleet => fleet;

    public IDeviceSigns Signs => signs;

    /// <summary>What the device runs of a component: what it said last, else the firmware that its health names, unless it says which components it has.</summary>
    public static string? VersionOf(TenantRollouts book, DeviceId device, string component, in DeviceSigns signs) => book.VersionOf(device, component) ?? (book.TellsItsSoftware(device) ? null : signs.Firmware);

    public static RolloutTarget TargetOf(FleetDevice device) => new(device.Id, device.Site?.Value, device.Model, device.Tags.GetValueOrDefault(HardwareTag), device.Gateway?.Value);

    public RolloutCandidate CandidateOf(TenantId tenant, FleetDevice device, string component, in DeviceSigns found) =>
        new(TargetOf(device), found.Interval, VersionOf(store.Of(tenant), device.Id, component, found));

    /// <summary>Why the update is not for the device; null when it is. What counter a device has confirmed only the device knows: it has the last word.</summary>
    public static string? Refusal(ArtifactFacts artifact, UpdateManifest manifest, RolloutCandidate candidate, TenantRollouts book)
    {
        var components = artifact.Needs.Select(n => n.Component).Append(artifact.Component).Distinct()
            .Select(c => (Component: c, Version: c == artifact.Component ? candidate.From : book.VersionOf(candidate.Target.Id, c))).Where(c => c.Version is not null).ToDictionary(c => c.Component, c => c.Version!);
        return UpdateCompatibility.Refusal(manifest, new UpdateTarget(candidate.Target.Model, candidate.Target.Hardware, components, new Dictionary<string, long>()))
            ?? (UpdateVersion.Same(candidate.From, artifact.Version) ? $"it runs {artifact.Component} {artifact.Version} already" : null);
    }

    public static UpdateManifest ManifestOf(ArtifactFacts artifact) => new()
    {
        Component = artifact.Component, Version = artifact.Version, Models = artifact.Models, Hardware = artifact.Hardware, From = artifact.FromVersions, Needs = artifact.Needs, Counter = artifact.Counter,
        Sha256 = artifact.Sha256, Size = artifact.Size, Reversible = artifact.Reversible, Created = default,
    };
}
