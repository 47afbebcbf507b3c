using System.Text.Json;

namespace Strata.Cloud.Contracts;

/// <summary>A layer of configuration.</summary>
/// <param name="Layer"><c>tenant</c>, <c>group/ID</c>, <c>site/PATH</c> or <c>device/ID</c>.</param>
/// <param name="Version">Counts its changes, its deletion too: one that is made again counts on. The <c>ETag</c> of the same.</param>
/// <param name="Content">What is wanted; null in it takes away what a weaker layer says.</param>
/// <param name="Devices">How many devices it concerns now, as the answer to setting it; null in others.</param>
public sealed record ConfigurationLayerInfo(string Layer, long Version, DateTimeOffset Updated, string By, string? Why, JsonElement Content, int? Devices = null);

/// <summary>What the layers come to for a device.</summary>
/// <param name="Origins">Where each value comes from.</param>
/// <param name="Problem">Why it is not sent; null when it is, or will be in a moment.</param>
/// <param name="Gone">Layers that rollouts take from the device before others; null for none.</param>
public sealed record ConfigurationInfo(JsonElement Configuration, IReadOnlyList<ConfigurationOriginInfo> Origins, string? Problem, IReadOnlyList<ConfigurationGoneInfo>? Gone = null);

/// <summary>A layer that concerns a device and that it does not have any more.</summary>
/// <param name="Rollout">That deletes it.</param>
public sealed record ConfigurationGoneInfo(string Layer, string Rollout);

/// <param name="Path"><c>/a/b</c>.</param>
/// <param name="Value">Null where the layer took it away.</param>
/// <param name="Layer">The strongest that says it.</param>
/// <param name="Covers">Weaker layers that say it too.</param>
/// <param name="Rollout">By which the device has it before others of the layer; null for what the layer says to everybody.</param>
public sealed record ConfigurationOriginInfo(string Path, JsonElement? Value, string Layer, IReadOnlyList<string> Covers, string? Rollout = null);
