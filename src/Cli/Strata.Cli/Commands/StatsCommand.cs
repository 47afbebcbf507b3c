using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata stats</c>: the books of all tiers, reconciled.</summary>
internal static class StatsCommand
{
    public static Command Create()
    {
        var command = new Command("stats", "Reconcile all tiers: each reading at the sources is suppressed, aggregated, stored, waiting or lost.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var stats = await node.Connect(parsed).GetStatisticsAsync(cancellationToken);
            var output = node.Writer(parsed);
            if (output.Format == OutputFormat.Json)
                output.One(stats, ContractsJson.Default.StatisticsInfo);
            else
                Write(output, stats);
            return stats.Unexplained == 0 ? ExitCode.Success : ExitCode.Failed;
        });
        return HelpWithExamples.WithExamples(command, "strata stats", "strata stats -o json");
    }

    private static void Write(OutputWriter output, StatisticsInfo stats)
    {
        (string Tier, FlowInfo Flow)[] tiers = [("edge", stats.Edge), ("fog", stats.Fog), ("cloud", stats.Cloud)];
        output.List(tiers, null!, "",
            new("tier", t => t.Tier), new("readings in", t => t.Flow.ReadingsIn.ToString("N0"), true), new("readings out", t => t.Flow.ReadingsOut.ToString("N0"), true),
            new("records out", t => t.Flow.RecordsOut.ToString("N0"), true), new("bytes in", t => t.Flow.BytesIn.ToString("N0"), true), new("bytes out", t => t.Flow.BytesOut.ToString("N0"), true));
        output.Note("");
        output.Note($"readings at the sources  {stats.Edge.ReadingsIn:N0}");
        output.Note($"  suppressed             {stats.Suppressed:N0}");
        output.Note($"  aggregated             {stats.Aggregated:N0}");
        output.Note($"  stored                 {stats.Stored:N0}");
        output.Note($"  waiting                {stats.Waiting:N0}");
        output.Note($"  lost                   {stats.Lost:N0}  ({stats.Gaps:N0} gaps)");
        output.Note(stats.Unexplained == 0 ? "the books balance" : $"THE BOOKS ARE OFF by {stats.Unexplained:N0} readings");
        output.Note("");
        output.Note($"reduction  edge {Percent(stats.EdgeReduction)}  fog {Percent(stats.FogReduction)}  together {Percent(stats.Reduction)}  bytes {Percent(stats.BytesReduction)}");
        output.Note($"latency of immediate readings, ms  p50 {OutputWriter.Number(stats.Immediate.P50)}  p95 {OutputWriter.Number(stats.Immediate.P95)}  p99 {OutputWriter.Number(stats.Immediate.P99)}");
    }

    private static string Percent(double? share) => share is { } s ? s.ToString("P1") : "-";
}
