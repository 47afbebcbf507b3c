namespace Strata.Core.Shadows;

/// <summary>The parts of a shadow. Desired and tags are the cloud's, reported is the device's; tags are never shown to the device.</summary>
public enum ShadowSection
{
    Desired,
    Reported,
    Tags,
}

/// <summary>The parts in the order in which they are written.</summary>
internal static class ShadowSections
{
    public static ReadOnlySpan<ShadowSection> All => [ShadowSection.Desired, ShadowSection.Reported, ShadowSection.Tags];

    /// <summary>Those that the device sees.</summary>
    public static ReadOnlySpan<ShadowSection> OfDevice => [ShadowSection.Desired, ShadowSection.Reported];
}

/// <summary>One part, with the number of changes that were made to it.</summary>
public sealed record ShadowPart(long Version, ShadowObject Root)
{
    public static readonly ShadowPart None = new(0, ShadowObject.Empty);
}

/// <summary>
/// What is known and wanted of a device under one name. The version counts every update, of whichever part, and goes on where a shadow was deleted and comes again, so that
/// an old version is never a new one.
/// </summary>
/// <param name="Time">Of the last update, ms since 1970 UTC.</param>
public sealed record Shadow(long Version, long Time, ShadowPart Desired, ShadowPart Reported, ShadowPart Tags)
{
    /// <summary>None yet, and nothing was before.</summary>
    public static readonly Shadow None = new(0, 0, ShadowPart.None, ShadowPart.None, ShadowPart.None) { IsDeleted = true };

    /// <summary>Nothing is there: only the version is known.</summary>
    public bool IsDeleted { get; init; }

    /// <summary>How many updates made a value differ: those are in the history. It goes on as the version does.</summary>
    public long Changes { get; init; }

    public ShadowPart this[ShadowSection section] => section switch
    {
        ShadowSection.Desired => Desired,
        ShadowSection.Reported => Reported,
        _ => Tags,
    };

    public Shadow With(ShadowSection section, ShadowPart part) => section switch
    {
        ShadowSection.Desired => this with { Desired = part },
        ShadowSection.Reported => this with { Reported = part },
        _ => this with { Tags = part },
    };

    /// <summary>What the device has yet to follow: of desired, what is not reported just so.</summary>
    public ShadowObject Delta => ShadowMath.Missing(Desired.Root, Reported.Root);
}
