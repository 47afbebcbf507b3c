namespace Strata.Core.Devices;

/// <summary>One step of a device's life.</summary>
/// <param name="Cause">One phrase for people: <c>first reading heard</c>, <c>asked for by admin</c>.</param>
public sealed record DeviceTransition(DeviceState From, DeviceState To, string Cause, DateTimeOffset Time)
{
    /// <summary>Longest cause, in characters.</summary>
    public const int MaxCauseLength = 300;

    /// <summary>Longest evidence, in characters.</summary>
    public const int MaxEvidenceLength = 4_000;

    /// <summary>Who made it: a token, a user, or the node.</summary>
    public string Actor { get; init; } = "";

    /// <summary>What it was decided on, as a JSON document; null when the cause says all.</summary>
    public string? Evidence { get; init; }
}
