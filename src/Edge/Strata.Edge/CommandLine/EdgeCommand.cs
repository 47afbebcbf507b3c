using System.CommandLine;
using Microsoft.Extensions.Logging;
using Strata.Edge.Updates;

namespace Strata.Edge.CommandLine;

/// <summary>The command line of an agent; <c>strata edge</c> and <c>strata-edge</c> are the same.</summary>
public static class EdgeCommand
{
    /// <summary>Exit code for options that cannot be used.</summary>
    public const int UsageError = 2;

    /// <summary>Exit code of an agent that has wiped itself, now or before: starting it again changes nothing.</summary>
    public const int Wiped = 5;

    /// <summary>Exit code of an agent that ends so that another version of it is started.</summary>
    public const int RestartForUpdate = 75;

    /// <summary>Makes the command. Its action runs until the token of the invocation is cancelled.</summary>
    /// <param name="command">The command that gets options and action: a verb, or the root.</param>
    /// <param name="input">Opens standard input when the source is <c>stdin</c>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stopped">A further reason to stop, made when the agent starts; null for none.</param>
    public static T Configure<T>(T command, Func<Stream> input, TimeProvider time, Func<ParseResult, CancellationToken>? stopped = null)
        where T : Command
    {
        var options = new EdgeCommandOptions();
        foreach (var option in options.All)
            command.Options.Add(option);
        command.SetAction((parsed, cancellationToken) => RunAsync(options, parsed, input, time, stopped, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        EdgeCommandOptions options, ParseResult parsed, Func<Stream> input, TimeProvider time, Func<ParseResult, CancellationToken>? stopped, CancellationToken cancellationToken)
    {
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopped?.Invoke(parsed) ?? CancellationToken.None);
        using var loggers = new LineLoggerFactory(error, time, LogLevel.Information);
        try
        {
            await EdgeAgent.RunAsync(options.Read(parsed, input), output, loggers, time, stopping.Token);
            return 0;
        }
        catch (Exception reason) when (reason is EdgeConfigurationException or FormatException)
        {
            await error.WriteLineAsync($"{parsed.CommandResult.Command.Name}: {reason.Message}");
            return UsageError;
        }
        catch (DeviceWipedException reason)
        {
            await error.WriteLineAsync($"{parsed.CommandResult.Command.Name}: {reason.Message}");
            return Wiped;
        }
        catch (RestartForUpdateException reason)
        {
            await error.WriteLineAsync($"{parsed.CommandResult.Command.Name}: {reason.Message}");
            return RestartForUpdate;
        }
        catch (Exception reason) when (reason is IOException or UnauthorizedAccessException or InvalidDataException or Forwarding.ForwardLogStoppedException)
        {
            await error.WriteLineAsync($"{parsed.CommandResult.Command.Name}: {reason.Message}");
            return 1;
        }
    }
}
