using System.Globalization;

namespace Strata.Core.Updates.Gate;

public enum GateOutcome
{
    /// <summary>Nothing speaks against the ring; it is watched on.</summary>
    Wait,

    /// <summary>The ring was watched long enough: the next one begins, or the rollout is done.</summary>
    GoOn,

    Abort,
}

/// <summary>What was decided about a ring, on what, and why: a record to be read.</summary>
/// <param name="Ring">From 1.</param>
/// <param name="Rule"><c>installation</c>, <c>health</c>, or <c>soak</c> where time decides.</param>
/// <param name="Why">For a person: figures, rule, outcome.</param>
/// <param name="Evidence">Of the health rule.</param>
/// <param name="Line">From which the health rule stops the ring.</param>
public sealed record GateDecision(
    DateTimeOffset At, int Ring, GateOutcome Outcome, string Rule, string Why, InstallationFigures Installation, double Evidence, double Line, IReadOnlyList<MetricFigures> Health)
{
    /// <summary>Judges a ring by both rules.</summary>
    /// <param name="rings">Rings of the rollout.</param>
    /// <param name="soaked">It was watched long enough.</param>
    public static GateDecision Make(in InstallationCounts counts, HealthRule health, GatePolicy policy, int ring, int rings, bool soaked, DateTimeOffset now)
    {
        var installation = InstallationRule.Judge(counts, policy);
        var (evidence, line) = (health.Evidence, HealthRule.Line(policy, rings));
        var figures = health.Figures();
        var (outcome, rule, why) = (installation.Exceeds, evidence >= line) switch
        {
            (true, _) => (GateOutcome.Abort, "installation", Stopped(installation, policy)),
            (_, true) => (GateOutcome.Abort, "health", Stopped(figures, evidence, line)),
            _ when soaked => (GateOutcome.GoOn, "soak", $"Ring {ring} was watched long enough: {Sound(installation, figures, line)}"),
            _ => (GateOutcome.Wait, "soak", Sound(installation, figures, line)),
        };
        return new GateDecision(now, ring, outcome, rule, why, installation, evidence, line, figures);
    }

    private static string Stopped(InstallationFigures found, GatePolicy policy) =>
        $"{Count(found.Failed + found.RolledBack + found.Unconfirmed)} of {Count(found.Tried)} installations failed ({Parts(found)}). With {Percent(policy.Confidence)} confidence more than {Percent(found.Bound)} of them fail; the limit is {Percent(found.Limit)}.";

    private static string Stopped(IReadOnlyList<MetricFigures> figures, double evidence, double line)
    {
        var worst = figures.MaxBy(f => f.Evidence)!;
        return $"Updated devices {HealthMetrics.WordsOf(worst.Metric)} more than the others do: {Count(worst.UpdatedIll)}, where {Number(worst.Expected)} would be expected from {Count(worst.ControlIll)} among the {Count(worst.Control + worst.ControlIll)} not yet updated in the same time. "
            + $"The evidence is {Number(evidence)}, and {Number(line)} stops a ring.";
    }

    private static string Sound(InstallationFigures found, IReadOnlyList<MetricFigures> figures, double line)
    {
        var worst = figures.MaxBy(f => f.Evidence)!;
        var failed = found.Failed + found.RolledBack + found.Unconfirmed;
        var installed = failed == 0 ? $"none of {Count(found.Tried)} installations failed" : $"{Count(failed)} of {Count(found.Tried)} installations failed ({Parts(found)}), which shows no rate above {Percent(found.Limit)}";
        if (worst.Control == 0 && worst.Updated > 0)
            return $"{installed}; nobody is left who is not updated, so that health cannot be compared.";
        return $"{installed}; the updated are as well as the others (most remarkable is {HealthMetrics.NameOf(worst.Metric)}: {Count(worst.UpdatedIll)} where {Number(worst.Expected)} would be expected; evidence {Number(worst.Evidence)} of {Number(line)}).";
    }

    private static string Parts(InstallationFigures found)
    {
        var parts = new (int Count, string What)[] { (found.Failed, "said so"), (found.RolledBack, "went back by themselves"), (found.Unconfirmed, "were not confirmed in time") };
        return string.Join(", ", parts.Where(p => p.Count > 0).Select(p => $"{Count(p.Count)} {p.What}"));
    }

    private static string Count(int count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private static string Percent(double part) => (part * 100).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    private static string Number(double value) => value.ToString(value is < 1e6 and >= 100 ? "N0" : value >= 1e6 ? "0.#e+0" : "0.##", CultureInfo.InvariantCulture);
}
