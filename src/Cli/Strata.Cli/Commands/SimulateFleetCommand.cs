using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Strata.Cli.Simulate;
using Strata.Core.Updates.Rings;
using Strata.Core.Updates.Simulation;

namespace Strata.Cli.Commands;

/// <summary><c>strata simulate fleet</c>: a rollout on a fleet that is not there, in time that is reckoned.</summary>
internal static class SimulateFleetCommand
{
    public static Command Create()
    {
        var devices = new Option<int>("--devices") { Description = "How many, 10 to 1,000,000.", DefaultValueFactory = _ => 60_000 };
        var buildings = new Option<int>("--buildings") { Description = "Buildings, with a gateway each; 1 to the number of devices.", DefaultValueFactory = _ => 250 };
        var seed = new Option<int>("--seed") { Description = "The same seed gives the same run.", DefaultValueFactory = _ => 1 };
        var build = new Option<string>("--build") { Description = "good, or a YAML file of the build's faults: each with share, hardware, after, effect, installation.", DefaultValueFactory = _ => "good", HelpName = "good|FILE" };
        var isVirtual = new Option<bool>("--virtual") { Description = "In simulated time: weeks pass in seconds. Required." };
        var bySite = new Option<bool>("--by-site") { Description = "Rings of whole buildings." };
        var failures = new Option<double>("--failures-per-day") { Description = "Share of the devices that fail by themselves each day, 0 to 0.1.", DefaultValueFactory = _ => 0.003 };
        var output = new Option<string>("--output", "-o") { Description = "table or json.", DefaultValueFactory = _ => "table" };
        output.AcceptOnlyFromAmong("table", "json");
        var command = new Command("fleet", "Roll a build out over a simulated fleet, with the cloud's rings and gate, and see where it is stopped.") { devices, buildings, seed, build, isVirtual, bySite, failures, output };
        command.SetAction((parsed, cancellationToken) =>
        {
            var (count, houses, daily) = (parsed.GetValue(devices), parsed.GetValue(buildings), parsed.GetValue(failures));
            if (!parsed.GetValue(isVirtual))
                throw new CliException(ExitCode.Usage, "--virtual is missing: a rollout takes weeks, so a fleet is simulated in simulated time only.");
            if (count is < 10 or > 1_000_000)
                throw new CliException(ExitCode.Usage, $"--devices is {count}; it takes 10 to 1000000.");
            if (houses < 1 || houses > count)
                throw new CliException(ExitCode.Usage, $"--buildings is {houses}; it takes 1 to the number of devices, {count}.");
            if (!(daily >= 0 && daily <= 0.1))
                throw new CliException(ExitCode.Usage, string.Create(CultureInfo.InvariantCulture, $"--failures-per-day is {daily}; it takes 0 to 0.1."));
            var what = parsed.GetValue(build)! is var text && text == "good" ? SimulatedBuild.Good : BuildFile.Read(text);
            var report = FleetRun.Run(new SimulationOptions(count, houses, parsed.GetValue(seed), what, parsed.GetValue(bySite) ? RingUnit.Site : RingUnit.Device, daily), cancellationToken);
            Print(parsed.InvocationConfiguration.Output, parsed.GetValue(output)!, report);
            return Task.FromResult(ExitCode.Success);
        });
        return HelpWithExamples.WithExamples(command, "strata simulate fleet --devices 60000 --buildings 250 --seed 7 --build good --virtual", "strata simulate fleet --build samples/rollouts/silent.yaml --by-site --virtual -o json");
    }

    private static void Print(TextWriter output, string format, FleetRunReport report)
    {
        if (format == "json")
        {
            output.WriteLine(JsonSerializer.Serialize(report, FleetRunJson.Default.FleetRunReport));
            return;
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.Build}: {report.State} after {report.Days:0.##} days, {report.Updated:N0} of {report.Devices:N0} devices updated"));
        for (var i = 0; i < report.Rings.Count; i++)
        {
            var ring = report.Rings[i];
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ring {i + 1}  {ring.Share:P0}  {ring.Targets,7:N0} devices  {ring.Updated,7:N0} updated  {ring.Failed,5:N0} failed  {ring.Decision ?? "-"}"));
            if (ring.Why is { } why)
                output.WriteLine($"        {why}");
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.Looks:N0} looks at the fleet, the slowest {report.SlowestLookMs} ms; {report.Seconds} s in all"));
    }
}
