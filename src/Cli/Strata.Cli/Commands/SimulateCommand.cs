using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Strata.Cli.Output;
using Strata.Cli.Processes;
using Strata.Cli.Simulate;
using Strata.Cloud.Contracts;
using Strata.Node.Operations;

namespace Strata.Cli.Commands;

/// <summary><c>strata simulate</c>: fleets that are not there, against a node that is.</summary>
internal static class SimulateCommand
{
    /// <summary>An offline sensor is found after two of the longest intervals, and its fault comes in the first third.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(75);

    public static Command Create() => new("simulate", "Simulate a fleet, with faults that nobody is told of.") { CreateParking(), SimulateFleetCommand.Create() };

    private static Command CreateParking()
    {
        var sensors = new Option<int>("--sensors") { Description = "How many; three in five are LoRa-like, the rest NB-IoT-like. 100 to 20,000.", DefaultValueFactory = _ => 5_000 };
        var low = new Option<int>("--low-battery") { Description = "Sensors whose battery runs low.", DefaultValueFactory = _ => 15 };
        var offline = new Option<int>("--offline") { Description = "Sensors that fall silent.", DefaultValueFactory = _ => 3 };
        var seed = new Option<int>("--seed") { Description = "The same seed gives the same fleet with the same faults.", DefaultValueFactory = _ => 1 };
        var speed = new Option<double>("--speed") { Description = "Simulated seconds in one, 1 to 120.", DefaultValueFactory = _ => 60 };
        var length = new Option<int>("--for") { Description = "How long it runs, seconds; at 60 times the speed 75 at least.", DefaultValueFactory = _ => 120 };
        var command = new Command("parking", "Smart parking: register sensors, let them report, plant faults by the seed, and see whether the node finds exactly those. Without a node named it starts its own.")
        {
            sensors, low, offline, seed, speed, length,
        };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = new ParkingOptions(parsed.GetValue(sensors), parsed.GetValue(low), parsed.GetValue(offline), parsed.GetValue(seed), parsed.GetValue(speed), TimeSpan.FromSeconds(parsed.GetValue(length)));
            Check(options);
            await using var own = node.IsNamed(parsed) ? null : await OwnNode.StartAsync(parsed.InvocationConfiguration.Error, cancellationToken);
            var client = own?.Client ?? node.Connect(parsed);
            var report = await new ParkingRun(client, own is null ? node.TenantOf(parsed) : null, options, parsed.InvocationConfiguration.Error, TimeProvider.System).RunAsync(cancellationToken);
            Print(node.Writer(parsed), report);
            return report.IsRight ? ExitCode.Success : ExitCode.Failed;
        });
        return HelpWithExamples.WithExamples(command, "strata simulate parking", "strata simulate parking --data ./data --tenant city --seed 7 -o json");
    }

    private static void Check(ParkingOptions options)
    {
        if (options.Sensors is < 100 or > 20_000)
            throw new CliException(ExitCode.Usage, "--sensors takes 100 to 20,000.");
        if (options.LowBattery < 0 || options.Offline < 0 || options.LowBattery + options.Offline > options.Sensors)
            throw new CliException(ExitCode.Usage, "--low-battery and --offline are together at most as many as there are sensors.");
        if (options.Speed is < 1 or > 120)
            throw new CliException(ExitCode.Usage, "--speed takes 1 to 120.");
        if (options.For < Shortest * (60 / options.Speed))
            throw new CliException(ExitCode.Usage, string.Create(CultureInfo.InvariantCulture, $"--for must be {(Shortest * (60 / options.Speed)).TotalSeconds:0} s at least at this speed: a silent sensor is not found earlier."));
    }

    private static void Print(OutputWriter output, ParkingReport report)
    {
        if (output.Format == OutputFormat.Json)
        {
            output.Text.WriteLine(JsonSerializer.Serialize(report, SimulateJson.Default.ParkingReport));
            return;
        }
        output.Text.WriteLine(report.Summary);
        output.Text.WriteLine($"found {report.Found} of {report.Planted} planted faults, {report.Others} others");
        output.Text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.Sent:N0} reports acknowledged, {report.Failed:N0} not; registered in {report.ProvisionedSeconds} s; the fleet report took {report.ReportMs} ms, {report.SlowestReportMs} ms at most"));
    }

    /// <summary>A node of its own in a temporary folder, for as long as the simulation runs.</summary>
    private sealed class OwnNode : IAsyncDisposable
    {
        private readonly string folder = Directory.CreateTempSubdirectory("strata-simulate-").FullName;
        private StrataProcess? process;
        private HttpClient? http;

        public StrataClient Client { get; private set; } = null!;

        public static async Task<OwnNode> StartAsync(TextWriter progress, CancellationToken cancellationToken)
        {
            var own = new OwnNode();
            try
            {
                var data = Path.Combine(own.folder, "cloud");
                own.process = new StrataProcess(
                    "cloud", Environment.ProcessPath!, ["cloud", "--data", data, "--http", $"127.0.0.1:{FreePort.Draw()}", "--mqtt", $"127.0.0.1:{FreePort.Draw()}", ServerOptions.UntilStdinCloses], Path.Combine(own.folder, "cloud.log"));
                await own.process.StartAsync(TimeSpan.FromSeconds(60), cancellationToken);
                own.http = new HttpClient(new SocketsHttpHandler()) { BaseAddress = new Uri($"http://{own.process.Ready["http"]}/") };
                own.Client = new StrataClient(own.http, NodeOptions.ReadToken(Path.Combine(data, NodeOptions.TokenFile)));
                await progress.WriteLineAsync($"a node of its own; look at it: {(await own.Client.CreateLoginLinkAsync(cancellationToken)).Url}");
                return own;
            }
            catch
            {
                await own.DisposeAsync();
                throw;
            }
        }

        public async ValueTask DisposeAsync()
        {
            http?.Dispose();
            if (process is not null)
            {
                await process.StopAsync(TimeSpan.FromSeconds(8));
                await process.DisposeAsync();
            }
            Directory.Delete(folder, recursive: true);
        }
    }
}
