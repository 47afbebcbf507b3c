using System.Text.Json;

namespace Strata.Cloud.Contracts;

/// <summary>A layer of configuration.</summary>
/// <param name="Layer"><c>tenant</c>, <c>group/ID</c>, <c>site/PATH</c> or <c>device/ID</c>.</param>
/// <param name="Version">Counts its changes; the <c>ETag</c> of the same.</param>
/// <param name="Content">What is wanted; null in it takes away what a weaker layer says.</param>
public sealed record ConfigurationLayerInfo(string Layer, long Version, DateTimeOffset Updated, string By, string? Why, JsonElement Content);

/// <summary>What the layers come to for a device.</summary>
/// <param name="Origins">Where each value comes from.</param>
/// <param name="Problem">Why it is not sent; null when it is, or will be in a moment.</param>
public sealed record ConfigurationInfo(JsonElement Configuration, IReadOnlyList<ConfigurationOriginInfo> Origins, string? Problem);

/// <param name="Path"><c>/a/b</c>.</param>
/// <param name="Value">Null where the layer took it away.</param>
/// <param name="Layer">The strongest that says it.</param>
/// <param name="Covers">Weaker layers that say it too.</param>
/// <param name="Rollout">By which the device has it before others of the layer; null for what the layer says to everybody.</param>
public sealed record ConfigurationOriginInfo(string Path, JsonElement? Value, string Layer, IReadOnlyList<string> Covers, string? Rollout = null);
