using System.CommandLine;
using Microsoft.Extensions.Logging;
using Strata.Edge.Updates;

namespace Strata.Edge.CommandLine;

/// <summary><c>supervise</c>: what a device starts, and what starts the agent.</summary>
public static class SuperviseCommand
{
    public static Command Create(TimeProvider time, Func<ParseResult, CancellationToken>? stopped = null, params ReadOnlySpan<Option> more)
    {
        var updates = new Option<string>("--updates") { Description = "The folder with the two slots; made when it is missing. Put the ring of keys there (keys.json, by 'strata artifacts keys ring').", Required = true, HelpName = "DIR" };
        var install = new Option<string?>("--install") { Description = "The program that goes into the first slot when there is none yet.", HelpName = "FILE" };
        var version = new Option<string>("--install-version") { Description = "Its version.", DefaultValueFactory = _ => "0", HelpName = "VERSION" };
        var confirm = new Option<string?>("--confirm-within") { Description = "Within what time of its start a new version must have proved itself; default 5m.", HelpName = "SPAN" };
        var arguments = new Argument<string[]>("arguments") { Description = "After --: what the program is started with; --updates and --confirm-within are added.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("supervise", "Start the agent from one of two slots, and a new version of it on trial: if it does not prove itself, the one before is started again.") { updates, install, version, confirm, arguments };
        foreach (var option in more)
            command.Options.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var error = parsed.InvocationConfiguration.Error;
            using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopped?.Invoke(parsed) ?? CancellationToken.None);
            using var loggers = new LineLoggerFactory(error, time, LogLevel.Information);
            try
            {
                var within = parsed.GetValue(confirm) is { } span ? Duration.Parse(span) : TimeSpan.FromMinutes(5);
                var folder = parsed.GetValue(updates)!;
                var supervisor = new Supervisor(
                    new UpdateFolder(folder), [.. parsed.GetValue(arguments) ?? [], "--updates", folder, "--confirm-within", $"{within.TotalSeconds:0}s"], within, time, loggers.CreateLogger("Strata.Edge"));
                supervisor.Install(parsed.GetValue(install), parsed.GetValue(version)!);
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
}
