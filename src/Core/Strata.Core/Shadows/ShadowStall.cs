using System.Globalization;
using Strata.Core.Configuration;

namespace Strata.Core.Shadows;

/// <summary>What is known that says why a device does not follow its shadow.</summary>
public sealed record ShadowFacts
{
    public required Shadow Shadow { get; init; }

    public required DateTimeOffset Now { get; init; }

    /// <summary>It has a connection now, to this node or through a gateway that does.</summary>
    public required bool IsOnline { get; init; }

    /// <summary>Null: never.</summary>
    public DateTimeOffset? LastSeen { get; init; }

    /// <summary>Since when is known what the device fetched.</summary>
    public required DateTimeOffset WatchedSince { get; init; }

    /// <summary>The newest version that the device was given, by <c>get</c> or as a delta; null: none.</summary>
    public long? FetchedVersion { get; init; }

    public DateTimeOffset? Fetched { get; init; }

    /// <summary>What of it was refused last, and why.</summary>
    public string? Rejected { get; init; }

    public DateTimeOffset? RejectedAt { get; init; }

    public string? Model { get; init; }

    public string? Firmware { get; init; }

    /// <summary>Other devices of the same model and firmware that report anything.</summary>
    public int Peers { get; init; }

    /// <summary>Paths (<c>/a/b</c>) that any of those reports.</summary>
    public IReadOnlySet<string> KnownPaths { get; init; } = new HashSet<string>();
}

/// <summary>Why one desired value is not reported.</summary>
/// <param name="Path"><c>/a/b</c>; empty where it is about the whole shadow.</param>
/// <param name="Cause">A word for programs.</param>
/// <param name="Text">For people.</param>
public sealed record ShadowReason(string Path, string Cause, string Text);

/// <summary>Explains from facts why a shadow does not converge. What is not known is not said.</summary>
public static class ShadowStall
{
    /// <summary>The reasons, what concerns the whole device first; none when it has converged.</summary>
    public static IReadOnlyList<ShadowReason> Explain(ShadowFacts facts)
    {
        var missing = ShadowMath.Leaves(facts.Shadow.Delta).ToList();
        if (missing.Count == 0)
            return [];
        var reasons = new List<ShadowReason>();
        var wanted = missing.Max(m => m.Leaf.Time);
        if (!facts.IsOnline)
            reasons.Add(new ShadowReason("", "offline", facts.LastSeen is { } seen ? $"The device is not connected; it was last heard {At(seen)} ({Ago(facts.Now - seen)} ago)." : "The device was never heard."));
        if (facts.FetchedVersion is not { } fetched)
            reasons.Add(new ShadowReason("", "neverFetched", $"The device has fetched nothing of this shadow since {At(facts.WatchedSince)}: it neither asked (shadow/get) nor listened (shadow/update/delta)."));
        else if (facts.Fetched is { } when && when.ToUnixTimeMilliseconds() < wanted)
            reasons.Add(new ShadowReason("", "fetchedOlder", $"The device last fetched version {fetched} {At(when)}; what is desired changed after it, {At(DateTimeOffset.FromUnixTimeMilliseconds(wanted))}."));
        if (facts.Rejected is { } why && facts.RejectedAt is { } refused)
            reasons.Add(new ShadowReason("", "rejected", $"What it sent {At(refused)} was refused: {why}"));
        if (ConfigurationTrial.Refusal(facts.Shadow.Delta, facts.Shadow.Reported.Root, since: 0) is { } no)
            reasons.Add(new ShadowReason("", "refused", $"The device refuses it: {no}"));
        foreach (var (path, leaf) in missing)
            reasons.Add(Of(path, leaf, facts));
        return reasons;
    }

    private static ShadowReason Of(string path, ShadowLeaf wanted, ShadowFacts facts)
    {
        var text = Text(wanted);
        var said = ShadowMath.At(facts.Shadow.Reported.Root, path);
        var since = $"desired since {At(DateTimeOffset.FromUnixTimeMilliseconds(wanted.Time))} by {wanted.Actor}";
        if (said is ShadowLeaf other)
        {
            var when = DateTimeOffset.FromUnixTimeMilliseconds(other.Time);
            return other.Time >= wanted.Time
                ? new ShadowReason(path, "reportedAnother", $"{path} is to be {text} ({since}), but the device reported {Text(other)} {At(when)}, after it was asked: it does not take the value.")
                : new ShadowReason(path, "notYetReported", $"{path} is to be {text} ({since}); the device last reported {Text(other)} {At(when)}, before it was asked.");
        }
        if (said is null && facts.Peers > 0 && !facts.KnownPaths.Contains(path))
            return new ShadowReason(path, "unknownKey", $"{path} is to be {text} ({since}), but none of {facts.Peers} other device{(facts.Peers == 1 ? "" : "s")} of model '{facts.Model}' with firmware '{facts.Firmware}' reports it: this firmware does not seem to know it.");
        return new ShadowReason(path, "neverReported", $"{path} is to be {text} ({since}); the device has never reported it.");
    }

    private static string Text(ShadowLeaf leaf)
    {
        var text = System.Text.Encoding.UTF8.GetString(leaf.Json.Span);
        return text.Length > 60 ? text[..60] + "..." : text;
    }

    private static string At(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Ago(TimeSpan span) => span switch
    {
        { TotalDays: >= 2 } => $"{(int)span.TotalDays} days",
        { TotalHours: >= 2 } => $"{(int)span.TotalHours} hours",
        { TotalMinutes: >= 2 } => $"{(int)span.TotalMinutes} minutes",
        _ => $"{Math.Max(0, (int)span.TotalSeconds)} seconds",
    };
}
