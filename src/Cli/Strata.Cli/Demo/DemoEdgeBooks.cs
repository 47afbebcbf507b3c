using Strata.Cloud.Contracts;

namespace Strata.Cli.Demo;

/// <summary>The books of all agents together.</summary>
internal readonly record struct DemoEdgeBooks(long ReadingsIn, long Suppressed, long Waiting, long Lost)
{
    public static DemoEdgeBooks operator +(DemoEdgeBooks a, DemoEdgeBooks b) =>
        new(a.ReadingsIn + b.ReadingsIn, a.Suppressed + b.Suppressed, a.Waiting + b.Waiting, a.Lost + b.Lost);

    /// <summary>The cloud's reconciliation with these books in place of the agents' last reports.</summary>
    public StatisticsInfo Correct(StatisticsInfo seen)
    {
        var reported = seen.Processes.Where(p => p.Tier == "edge").ToList();
        var waiting = seen.Waiting - reported.Sum(p => p.Waiting) + Waiting;
        var lost = seen.Lost - reported.Sum(p => p.Lost) + Lost;
        return seen with
        {
            Edge = seen.Edge with { ReadingsIn = ReadingsIn }, Suppressed = Suppressed, Waiting = waiting, Lost = lost,
            Unexplained = ReadingsIn - Suppressed - seen.Aggregated - seen.Stored - waiting - lost,
        };
    }
}
