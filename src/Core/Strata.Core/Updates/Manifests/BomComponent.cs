namespace Strata.Core.Updates.Manifests;

/// <summary>One part that an artifact is made of, from its bill of materials (CycloneDX 1.6, <c>components</c>).</summary>
/// <param name="Version">Empty where the bill names none.</param>
/// <param name="Purl">Package URL; null where the bill names none.</param>
public sealed record BomComponent(string Name, string Version, string? Purl);
