using Strata.Core.Shadows;

namespace Strata.Core.Configuration;

/// <summary>Of what a layer of configuration is, from the weakest to the strongest.</summary>
public enum LayerKind
{
    Tenant,
    Group,
    Site,
    Device,
}

/// <summary>What is wanted of all devices of a tenant, a group, a place, or of one device.</summary>
/// <param name="Name">The group's id, the place's path, the device's id; empty for the tenant.</param>
public readonly record struct LayerId(LayerKind Kind, string Name)
{
    /// <summary>Of its text.</summary>
    public const int MaxLength = 520;

    public static readonly LayerId Tenant = new(LayerKind.Tenant, "");

    /// <summary>As text: <c>tenant</c>, <c>group/weak</c>, <c>site/hq/floor-1</c>, <c>device/t-101</c>.</summary>
    public override string ToString() => Kind == LayerKind.Tenant ? "tenant" : $"{Kind.ToString().ToLowerInvariant()}/{Name}";

    public static bool TryParse(string? text, out LayerId id)
    {
        id = text == "tenant" ? Tenant : default;
        if (id == Tenant)
            return true;
        if (text?.IndexOf('/', StringComparison.Ordinal) is not (> 0 and var slash) || slash == text.Length - 1 || text.Length > MaxLength)
            return false;
        LayerKind? kind = text[..slash] switch
        {
            "group" => LayerKind.Group,
            "site" => LayerKind.Site,
            "device" => LayerKind.Device,
            _ => null,
        };
        id = new LayerId(kind ?? default, text[(slash + 1)..]);
        return kind is not null;
    }
}

/// <param name="Content">A patch: null takes away what a weaker layer says.</param>
/// <param name="Rollout">That gives it to the device, before the layer says it to everybody; null for what the layer says.</param>
public sealed record ConfigurationLayer(LayerId Id, ShadowObject Content, string? Rollout = null)
{
    /// <summary>A rollout takes the layer from the device, before it is gone for everybody: it says nothing.</summary>
    public bool IsGone { get; init; }

    /// <summary>For the history: <c>site/hq</c>, <c>site/hq (rollout r1)</c>, <c>without site/hq (rollout r1)</c>.</summary>
    public override string ToString() => $"{(IsGone ? "without " : "")}{Id}{(Rollout is null ? "" : $" (rollout {Rollout})")}";
}

/// <summary>Where one value comes from.</summary>
/// <param name="Path"><c>/a/b</c>.</param>
/// <param name="Value">Null where a layer took away what weaker ones say.</param>
/// <param name="Layer">The strongest that says it.</param>
/// <param name="Covers">Weaker layers that say something else of it, the strongest first.</param>
/// <param name="Rollout">Of which the device has what the layer says, before others; null for what it says to everybody.</param>
public sealed record ConfigurationOrigin(string Path, ShadowLeaf? Value, LayerId Layer, IReadOnlyList<LayerId> Covers, string? Rollout = null);

/// <summary>What layers come to for one device.</summary>
/// <param name="Gone">Layers that concern the device and that rollouts take from it before others.</param>
public sealed record EffectiveConfiguration(ShadowObject Root, IReadOnlyList<ConfigurationOrigin> Origins, IReadOnlyList<ConfigurationLayer> Gone);

/// <summary>
/// Lays configurations over each other: tenant, then the device's groups in the order of their ids, then its places from the outermost to the innermost, then the device. Field by field as shadows are
/// merged: the stronger layer's value counts, its null takes away, arrays are replaced as a whole.
/// </summary>
public static class LayeredConfiguration
{
    /// <summary>The layers that concern a device, the weakest first.</summary>
    public static IReadOnlyList<ConfigurationLayer> Of(IEnumerable<ConfigurationLayer> all, string device, string? site, IReadOnlySet<string> groups) =>
        [.. all.Where(l => Concerns(l.Id, device, site, groups)).OrderBy(l => l.Id.Kind).ThenBy(l => l.Id.Kind == LayerKind.Site ? l.Id.Name.Length : 0).ThenBy(l => l.Id.Name, StringComparer.Ordinal)];

    /// <summary>The same layers with one that says something else, or that was not there; in no order.</summary>
    public static IEnumerable<ConfigurationLayer> With(IEnumerable<ConfigurationLayer> layers, ConfigurationLayer other) => [.. layers.Where(l => l.Id != other.Id), other];

    /// <param name="layers">The weakest first.</param>
    public static ShadowObject Root(IReadOnlyList<ConfigurationLayer> layers) =>
        layers.Aggregate(ShadowObject.Empty, static (root, layer) => ShadowMath.Merge(root, layer.Content, 0, layer.Id.ToString()));

    /// <summary>The same with where each value comes from.</summary>
    /// <param name="layers">The weakest first.</param>
    public static EffectiveConfiguration Merge(IReadOnlyList<ConfigurationLayer> layers)
    {
        var root = Root(layers);
        var origins = new List<ConfigurationOrigin>();
        foreach (var path in layers.SelectMany(l => ShadowMath.Leaves(l.Content)).Select(l => l.Path).Distinct().Order(StringComparer.Ordinal))
        {
            var value = ShadowMath.At(root, path) as ShadowLeaf;
            var saying = layers.Reverse().Where(l => Says(l.Content, path)).ToList();
            // What a stronger layer made an object of, its own leaves tell.
            if (value is null && ShadowMath.At(root, path) is ShadowObject)
                continue;
            origins.Add(new ConfigurationOrigin(path, value, saying[0].Id, [.. saying.Skip(1).Select(l => l.Id)], saying[0].Rollout));
        }
        return new EffectiveConfiguration(root, origins, [.. layers.Where(l => l.IsGone)]);
    }

    private static bool Concerns(LayerId layer, string device, string? site, IReadOnlySet<string> groups) => layer.Kind switch
    {
        LayerKind.Tenant => true,
        LayerKind.Group => groups.Contains(layer.Name),
        LayerKind.Site => site is not null && (site == layer.Name || site.StartsWith(layer.Name + "/", StringComparison.Ordinal)),
        _ => layer.Name == device,
    };

    /// <summary>Whether the layer decides on the path: by a value there, one above it (which replaces the whole), or values below.</summary>
    private static bool Says(ShadowObject content, string path) => ShadowMath.Leaves(content).Any(l =>
        l.Path == path || path.StartsWith(l.Path + "/", StringComparison.Ordinal) || (l.Path.StartsWith(path + "/", StringComparison.Ordinal) && !l.Leaf.IsNull));
}
