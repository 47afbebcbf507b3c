namespace Strata.Core.Metering.Sla;

/// <summary>Something that the node found wrong and asked people to see to.</summary>
/// <param name="Answered">When somebody first did something about it, or it was over by itself; null while neither.</param>
public readonly record struct AlertResponse(DateTimeOffset Raised, DateTimeOffset? Answered)
{
    /// <summary>What it counts at a time: nothing while the limit still runs.</summary>
    public MinuteShare Judge(TimeSpan limit, DateTimeOffset at) => Answered is { } answered && answered <= at ? new(answered - Raised <= limit ? 1 : 0, 1) : at - Raised > limit ? new(0, 1) : default;
}
