using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using Strata.Cli.Demo;

namespace Strata.Cli.Commands;

/// <summary><c>strata demo</c>: all tiers on this machine, on real recordings.</summary>
internal static class DemoCommand
{
    /// <summary>The 5.65 days of the recording pass in five minutes.</summary>
    private const double UsualSpeed = 1627;

    public static Command Create()
    {
        var headless = new Option<bool>("--headless") { Description = "No keys, no live table: run, report, end." };
        var length = new Option<string>("--for") { Description = "How long a headless run replays (30s, 5m).", DefaultValueFactory = _ => "30s" };
        var outage = new Option<string?>("--outage") { Description = "Cut the uplink for so long in the middle of a headless run." };
        var kill = new Option<string?>("--kill") { Description = "Kill (SIGKILL) and restart one process of this tier in the middle: cloud, fog or edge." };
        kill.AcceptOnlyFromAmong("cloud", "fog", "edge");
        var update = new Option<bool>("--update") { Description = "Roll out a new version of one office's agents in a headless run, then one that is bad on purpose (key u of the live demo)." };
        var data = new Option<string?>("--data") { Description = "Keep everything in this folder instead of a temporary one." };
        var json = new Option<bool>("--json") { Description = "Print the report of a headless run as one JSON document." };
        var speed = new Option<double>("--speed") { Description = "How many times faster than the recording.", DefaultValueFactory = _ => UsualSpeed };
        var command = new Command("demo", "Run three organisations on one cloud node on this machine, each a tenant with its gateway and agents, on real recordings.")
        {
            headless, length, outage, kill, update, data, json, speed,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            new DemoOptions(
                parsed.GetValue(data), parsed.GetValue(headless), Duration(parsed.GetValue(length)!, "--for"),
                parsed.GetValue(outage) is { } cut ? Duration(cut, "--outage") : null, parsed.GetValue(kill), parsed.GetValue(update), parsed.GetValue(json), parsed.GetValue(speed)),
            parsed.InvocationConfiguration, cancellationToken));
        return HelpWithExamples.WithExamples(
            command, "strata demo", "strata demo --headless --for 30s --json", "strata demo --headless --for 60s --outage 15s --kill cloud --json", "strata demo --headless --update");
    }

    private static async Task<int> RunAsync(DemoOptions options, InvocationConfiguration io, CancellationToken cancellationToken)
    {
        if (options.Outage >= options.For)
            throw new CliException(ExitCode.Usage, "--outage must be shorter than --for.");
        if (!options.Headless && (Console.IsInputRedirected || Console.IsOutputRedirected))
            throw new CliException(ExitCode.Usage, "the live demo needs a terminal; use 'strata demo --headless --for 30s'.");
        var folder = options.Folder ?? Directory.CreateTempSubdirectory("strata-demo-").FullName;
        var narrator = new DemoNarrator(io.Error, TimeProvider.System);
        try
        {
            await using var fleet = new DemoFleet(Path.GetFullPath(folder), Environment.ProcessPath!, narrator);
            await fleet.StartAsync(new DemoReplay(options.Speed, Path.GetFullPath(folder)), cancellationToken);
            if (options.Headless)
                return await ReportAsync(fleet, narrator, options, io, cancellationToken);
            await new LiveDemo(fleet, new DemoUpdate(fleet, new DemoNarrator(TextWriter.Null, TimeProvider.System), TimeProvider.System), AnsiConsole.Console, TimeProvider.System).RunAsync(cancellationToken);
            await io.Error.WriteLineAsync("stopping ...");
            return ExitCode.Success;
        }
        finally
        {
            if (options.Folder is null)
                Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<int> ReportAsync(DemoFleet fleet, DemoNarrator narrator, DemoOptions options, InvocationConfiguration io, CancellationToken cancellationToken)
    {
        var report = await new HeadlessDemo(fleet, narrator, TimeProvider.System).RunAsync(options, cancellationToken);
        if (options.Json)
            await io.Output.WriteLineAsync(JsonSerializer.Serialize(report, DemoJson.Default.DemoReport));
        else
            await io.Output.WriteLineAsync(report.ToText());
        if (!report.Balanced)
            await io.Error.WriteLineAsync($"strata: the books do not balance: {report.Unexplained} readings are unexplained.");
        if (report.Leaks > 0)
            await io.Error.WriteLineAsync($"strata: a tenant was shown {report.Leaks} things of its neighbours.");
        return report.Balanced && report.Leaks == 0 ? ExitCode.Success : ExitCode.Failed;
    }

    private static TimeSpan Duration(string text, string option)
    {
        var unit = text.EndsWith("ms", StringComparison.Ordinal) ? "ms" : text.Length > 0 ? text[^1..] : "";
        if (double.TryParse(text.AsSpan(0, Math.Max(0, text.Length - unit.Length)), CultureInfo.InvariantCulture, out var number) && number > 0)
        {
            switch (unit)
            {
                case "ms": return TimeSpan.FromMilliseconds(number);
                case "s": return TimeSpan.FromSeconds(number);
                case "m": return TimeSpan.FromMinutes(number);
                case "h": return TimeSpan.FromHours(number);
            }
        }
        throw new CliException(ExitCode.Usage, $"{option}: '{text}' is not a duration; use 500ms, 30s, 5m or 1h.");
    }
}
