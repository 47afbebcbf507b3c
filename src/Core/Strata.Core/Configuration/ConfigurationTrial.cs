using System.Text.Json;
using Strata.Core.Shadows;

namespace Strata.Core.Configuration;

public enum TrialOutcome
{
    /// <summary>Nothing is known yet.</summary>
    Waits,

    Taken,

    Refused,
}

/// <summary>
/// What became of a change of configuration at a device, by its shadow. It has taken it when it reports what the change made different. It refuses by what it reports as <c>rejected</c>: <c>values</c>, in their
/// places, and <c>why</c>; which counts while one of them is what is wanted, so that an old word is no answer to a new configuration.
/// </summary>
/// <param name="Why">Of a refusal.</param>
public readonly record struct ConfigurationTrial(TrialOutcome Outcome, string? Why = null)
{
    /// <summary>The field of what is reported by which a device refuses.</summary>
    public const string Rejected = "rejected";

    private static readonly ConfigurationTrial Waits = new(TrialOutcome.Waits), Taken = new(TrialOutcome.Taken);

    /// <param name="before">What the device was to have without the change.</param>
    /// <param name="wanted">What it is to have with it.</param>
    /// <param name="shadow">As it is now.</param>
    /// <param name="since">When it was given the change, ms since 1970 UTC: what it refused before is no answer.</param>
    public static ConfigurationTrial Judge(ShadowObject before, ShadowObject wanted, Shadow shadow, long since)
    {
        if (ShadowNode.SameValue(before, wanted))
            return Taken;
        if (!ShadowNode.SameValue(shadow.Desired.Root, wanted))
            return Waits;
        // What a change takes away nobody can report.
        var changed = ShadowMath.Missing(wanted, before);
        var reported = shadow.Reported.Root;
        if (ShadowMath.Missing(changed, reported).IsEmpty)
            return Taken;
        return Refusal(changed, reported, since) is { } why ? new ConfigurationTrial(TrialOutcome.Refused, why) : Waits;
    }

    /// <summary>Why a device refuses what is wanted, by what it reports; null when it does not.</summary>
    /// <param name="since">What it said before is no answer, ms since 1970 UTC.</param>
    public static string? Refusal(ShadowObject wanted, ShadowObject reported, long since)
    {
        if (reported.Find(Rejected) is not ShadowObject rejected || rejected.Find("values") is not ShadowObject values)
            return null;
        foreach (var (path, leaf) in ShadowMath.Leaves(values))
        {
            if (leaf.Time >= since && ShadowMath.At(wanted, path) is ShadowLeaf asked && leaf.HasValueOf(asked))
                return Said(rejected) ?? $"does not take {path}";
        }
        return null;
    }

    private static string? Said(ShadowObject rejected)
    {
        if (rejected.Find("why") is not ShadowLeaf why)
            return null;
        using var said = JsonDocument.Parse(why.Json);
        return said.RootElement.ValueKind == JsonValueKind.String ? said.RootElement.GetString() : null;
    }
}
