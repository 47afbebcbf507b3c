using System.CommandLine;
using Microsoft.Extensions.Logging;
using Strata.Edge.Updates;
using Strata.Edge.Watching;

namespace Strata.Edge.CommandLine;

/// <summary><c>supervise</c>: what a device starts, and what starts the agent.</summary>
public static class SuperviseCommand
{
    /// <summary>What the program is given beside what stands after --.</summary>
    private static readonly string[] Added = ["--updates", "--confirm-within"];

    public static Command Create(TimeProvider time, Func<ParseResult, CancellationToken>? stopped = null, params ReadOnlySpan<Option> more)
    {
        var updates = new Option<string>("--updates") { Description = "The folder with the two slots; made when it is missing. Put the ring of keys there (keys.json, by 'strata artifacts keys ring').", Required = true, HelpName = "DIR" };
        var install = new Option<string?>("--install") { Description = "The program that goes into the first slot when there is none yet.", HelpName = "FILE" };
        var version = new Option<string>("--install-version") { Description = "Its version.", DefaultValueFactory = _ => "0", HelpName = "VERSION" };
        var confirm = new Option<string?>("--confirm-within") { Description = "Within what time of its start a new version must have proved itself when its job does not say, 10s to 1h; default 5m.", HelpName = "SPAN" };
        var watchdog = new Option<string?>("--watchdog") { Description = "A program that has given signs of life and gives none for so long is taken to hang and is started again, 5s to 1h, 0s for never; default 1m.", HelpName = "SPAN" };
        var arguments = new Argument<string[]>("arguments") { Description = "After --: what the program is started with; --updates and --confirm-within are added.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("supervise", "Start the agent from one of two slots, and a new version of it on trial: if it does not prove itself, the one before is started again. One that hangs is started anew.") { updates, install, version, confirm, watchdog, arguments };
        foreach (var option in more)
            command.Options.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var error = parsed.InvocationConfiguration.Error;
            using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopped?.Invoke(parsed) ?? CancellationToken.None);
            using var loggers = new LineLoggerFactory(error, time, LogLevel.Information);
            try
            {
                var within = Span("--confirm-within", parsed.GetValue(confirm), TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(10));
                var silence = Span("--watchdog", parsed.GetValue(watchdog), TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(5), mayBeZero: true);
                var folder = parsed.GetValue(updates)!;
                var given = parsed.GetValue(arguments) ?? [];
                if (string.IsNullOrWhiteSpace(folder) || File.Exists(folder))
                    throw new EdgeConfigurationException($"--updates is '{folder}'; it takes a folder, which is made when it is missing.");
                if (given.FirstOrDefault(a => Added.Any(o => a == o || a.StartsWith(o + "=", StringComparison.Ordinal))) is { } twice)
                    throw new EdgeConfigurationException($"{twice} is given after --; the program gets {string.Join(" and ", Added)} from its supervisor, so give them before --.");
                var place = new UpdateFolder(folder);
                await using var service = ServiceNotifier.OfEnvironment(time);
                using var watching = silence == TimeSpan.Zero ? null : Watchdog.Open(place.PathOf("notify"), silence, time);
                var supervisor = new Supervisor(place, new SlotFile(place), [.. given, "--updates", folder, "--confirm-within", $"{within.TotalSeconds:0}s"], within, watching, time, loggers.CreateLogger("Strata.Edge"));
                supervisor.Install(parsed.GetValue(install), parsed.GetValue(version)!);
                service.Ready();
                return await supervisor.RunAsync(stopping.Token);
            }
            catch (Exception reason) when (reason is EdgeConfigurationException or FormatException or InvalidDataException)
            {
                await error.WriteLineAsync($"supervise: {reason.Message}");
                return EdgeCommand.UsageError;
            }
            catch (Exception reason) when (reason is IOException or UnauthorizedAccessException)
            {
                await error.WriteLineAsync($"supervise: {reason.Message}");
                return 1;
            }
        });
        return command;
    }

    private static TimeSpan Span(string option, string? text, TimeSpan usual, TimeSpan least, bool mayBeZero = false)
    {
        if (text is null)
            return usual;
        try
        {
            if (Duration.Parse(text) is var span && span <= TimeSpan.FromHours(1) && (span >= least || (mayBeZero && span == TimeSpan.Zero)))
                return span;
        }
        catch (FormatException reason)
        {
            throw new EdgeConfigurationException($"{option}: {reason.Message}", reason);
        }
        throw new EdgeConfigurationException($"{option} is '{text}'; it takes {least.TotalSeconds:0}s to 1h{(mayBeZero ? ", or 0s for never" : "")}.");
    }
}
