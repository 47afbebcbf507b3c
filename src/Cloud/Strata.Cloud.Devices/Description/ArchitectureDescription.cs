using System.Collections.Immutable;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices.Description;

/// <summary>
/// What a site file says, checked in itself: every name is well formed, ids are unique, every place that is referred to is in the file.
/// Left-out fields have their defaults, so two files that mean the same are equal.
/// </summary>
/// <param name="Roots">The paths of the file's trees; pruning stays below them.</param>
/// <param name="Sites">Parents before children.</param>
internal sealed record ArchitectureDescription(
    ImmutableArray<string> Roots, ImmutableArray<DescribedSite> Sites, ImmutableArray<DescribedGateway> Gateways,
    ImmutableArray<DescribedDevice> Devices, ImmutableArray<DescribedGroup> Groups)
{
    public static readonly ArchitectureDescription Empty = new([], [], [], [], []);

    /// <summary>Saved views, of these places or others.</summary>
    public ImmutableArray<DescribedView> Views { get; init; } = [];

    /// <summary>Whose architecture it is (<c>tenant:</c>); null when the file does not say.</summary>
    public string? Tenant { get; init; }
}

internal sealed record DescribedSite(string Path, string? Parent, string Name, string Kind, YamlPlace Place)
{
    public const string DefaultKind = "site";
}

internal sealed record DescribedGateway(string Id, string Site, string? Parent, ImmutableSortedDictionary<string, string> Uplink, YamlPlace Place);

internal sealed record DescribedDevice(
    string Id, string? Site, string? Model, TimeSpan Heartbeat, ImmutableSortedDictionary<string, double> Deadband, ImmutableArray<string> Gateways, YamlPlace Place);

/// <param name="Sites">None for a group by a query, or for one that devices name.</param>
internal sealed record DescribedGroup(string Id, ImmutableArray<string> Sites, TimeSpan Window, YamlPlace Place)
{
    /// <summary>A device that matches is a member; null for none.</summary>
    public string? Query { get; init; }

    public static readonly TimeSpan DefaultWindow = TimeSpan.FromMinutes(5);
}

internal sealed record DescribedView(View View, YamlPlace Place);
