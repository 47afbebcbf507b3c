namespace Strata.Core.Updates.Gate;

/// <summary>The health rule of one ring: evidence by metric, and the mean of it, which is evidence too whatever the metrics have to do with each other (Vovk and Wang, Annals of Statistics 49, 2021).</summary>
public sealed class HealthRule
{
    private readonly SafeLogRank[] tests;
    private readonly MetricSums[] sums;

    public HealthRule(IReadOnlyList<MetricState>? state = null)
    {
        tests = [.. Enumerable.Range(0, HealthMetrics.Count).Select(m => new SafeLogRank(state?.Count > m ? state[m].Logs : null))];
        sums = [.. Enumerable.Range(0, HealthMetrics.Count).Select(m => state?.Count > m ? state[m].Sums : default)];
    }

    /// <summary>What must be kept to go on after a restart.</summary>
    public IReadOnlyList<MetricState> State => [.. tests.Select((t, m) => new MetricState(t.State, sums[m]))];

    public double Evidence => tests.Average(t => t.Evidence);

    /// <summary>Evidence from which a ring is stopped.</summary>
    public static double Line(GatePolicy policy, int rings) => rings / policy.FalseAlarms;

    /// <param name="elapsed">Time since the last look at this metric, as part of the time that the ring is watched.</param>
    public void Take(HealthMetric metric, in CohortLook look, double elapsed)
    {
        tests[(int)metric].Take(look, elapsed);
        var both = look.Updated + look.Control;
        var expected = look.Control == 0 ? look.UpdatedIll : both == 0 ? 0 : (double)look.Updated / both * (look.UpdatedIll + look.ControlIll);
        ref var sum = ref sums[(int)metric];
        sum = new MetricSums(sum.UpdatedIll + look.UpdatedIll, sum.ControlIll + look.ControlIll, sum.Expected + expected, look.Updated, look.Control);
    }

    public IReadOnlyList<MetricFigures> Figures() =>
        [.. tests.Select((t, m) => new MetricFigures((HealthMetric)m, sums[m].Updated, sums[m].UpdatedIll, sums[m].Control, sums[m].ControlIll, sums[m].Expected, t.Evidence))];
}

/// <param name="Expected">Of the updated, were they like the control.</param>
/// <param name="Updated">At risk at the last look.</param>
/// <param name="Control">At risk at the last look.</param>
public readonly record struct MetricSums(int UpdatedIll, int ControlIll, double Expected, int Updated, int Control);

public sealed record MetricState(IReadOnlyList<double> Logs, MetricSums Sums);

/// <summary>One metric in a decision.</summary>
/// <param name="Updated">Updated devices that were watched at the last look and not ill by it.</param>
/// <param name="UpdatedIll">Updated devices that fell ill by it.</param>
/// <param name="Expected">So many would have, were they like the control.</param>
/// <param name="Evidence">1 says nothing; see <see cref="HealthRule.Line"/>.</param>
public sealed record MetricFigures(HealthMetric Metric, int Updated, int UpdatedIll, int Control, int ControlIll, double Expected, double Evidence);
