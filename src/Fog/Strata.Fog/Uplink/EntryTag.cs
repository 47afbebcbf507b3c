using Strata.Core.Dataflow.Uplink;

namespace Strata.Fog.Uplink;

/// <summary>What a record of the uplink's log is; kept with it, so the numbers never change.</summary>
internal static class EntryTag
{
    public const byte Readings = 0;
    public const byte Window = 1;
    public const byte Event = 2;

    /// <summary>A gap that was told or found below.</summary>
    public const byte GapBelow = 3;

    public const byte Rejection = 4;

    /// <summary>Readings <c>health.*</c>: reports about sources, which no book counts as readings.</summary>
    public const byte Health = 5;

    /// <summary>A window that a gateway below computed.</summary>
    public const byte WindowBelow = 6;

    /// <summary>A gap of this gateway's own log.</summary>
    public const byte Gap = 7;

    public static UplinkKind KindOf(byte tag) => tag switch
    {
        Readings or Health => UplinkKind.Readings,
        Window or WindowBelow => UplinkKind.Window,
        Event => UplinkKind.Event,
        GapBelow or Gap => UplinkKind.Gap,
        _ => UplinkKind.Rejection,
    };
}
