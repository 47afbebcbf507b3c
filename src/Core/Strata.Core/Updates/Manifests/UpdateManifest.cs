namespace Strata.Core.Updates.Manifests;

/// <summary>What is signed of an artifact: what it is, what it fits, which bytes it has. Read by <see cref="ManifestReader"/>, written by <see cref="ManifestWriter"/>.</summary>
public sealed record UpdateManifest
{
    /// <summary>What of a device it replaces: <c>os</c>, <c>app</c>, <c>bootloader</c>. <c>[a-z0-9][a-z0-9._-]{0,63}</c>.</summary>
    public required string Component { get; init; }

    public required string Version { get; init; }

    /// <summary>1 to 64.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>Hardware revisions; empty: any.</summary>
    public IReadOnlyList<string> Hardware { get; init; } = [];

    /// <summary>Versions that it can be installed over; empty: any.</summary>
    public IReadOnlyList<string> From { get; init; } = [];

    public IReadOnlyList<ComponentNeed> Needs { get; init; } = [];

    /// <summary>
    /// Anti-rollback: a device that has confirmed a higher one of the component refuses this. Versions with the same counter can replace each other both ways; it is raised when those before must not come back.
    /// </summary>
    public required long Counter { get; init; }

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public required string Sha256 { get; init; }

    public required long Size { get; init; }

    /// <summary>Whether a device can go back from it to what it ran before.</summary>
    public bool Reversible { get; init; } = true;

    /// <summary>When it was signed, by the signer's clock; a key signs within its validity.</summary>
    public required DateTimeOffset Created { get; init; }
}
