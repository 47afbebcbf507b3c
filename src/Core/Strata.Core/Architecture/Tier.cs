namespace Strata.Core.Architecture;

/// <summary>Where a process stands. A lower tier talks to a higher one.</summary>
public enum Tier : byte
{
    /// <summary>Devices and their agents.</summary>
    Edge,

    /// <summary>Gateways; they may be chained.</summary>
    Fog,

    /// <summary>Nodes.</summary>
    Cloud,
}

/// <summary>The tiers as payloads and tables write them.</summary>
public static class Tiers
{
    /// <summary><c>edge</c>, <c>fog</c> or <c>cloud</c>.</summary>
    public static string Word(this Tier tier) => tier switch
    {
        Tier.Edge => "edge",
        Tier.Fog => "fog",
        Tier.Cloud => "cloud",
        _ => throw new ArgumentOutOfRangeException(nameof(tier), tier, "There are three tiers."),
    };
}
