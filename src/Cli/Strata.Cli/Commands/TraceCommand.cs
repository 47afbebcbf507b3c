using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata trace DEVICE METRIC</c>.</summary>
internal static class TraceCommand
{
    public static Command Create()
    {
        var device = new Argument<string>("device") { Description = "The device's id." };
        var metric = new Argument<string>("metric") { Description = "The metric." };
        var command = new Command("trace", "Show the way of a metric's newest reading through the tiers, hop by hop.") { device, metric };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var trace = await node.Connect(parsed).GetTraceAsync(parsed.GetValue(device)!, parsed.GetValue(metric)!, cancellationToken);
            var output = node.Writer(parsed);
            if (output.Format == OutputFormat.Json)
            {
                output.One(trace, ContractsJson.Default.TraceInfo);
                return ExitCode.Success;
            }
            output.Note($"{trace.Device} {trace.Metric}{(trace.Value is { } value ? $" = {value}" : "")} measured {OutputWriter.Time(trace.ReadingTime)}");
            output.List(trace.Hops, ContractsJson.Default.HopInfo, "no reading of this metric has been seen",
                new("tier", h => h.Tier), new("process", h => h.Process), new("level", h => h.Level.ToString(), true), new("time in", h => OutputWriter.Time(h.TimeIn)),
                new("spent ms", h => OutputWriter.Number(h.SpentMs), true), new("what happened", h => h.What));
            if (!trace.Complete)
                output.Note("incomplete: a tier could not be asked");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata trace t-101 temperature");
    }
}
