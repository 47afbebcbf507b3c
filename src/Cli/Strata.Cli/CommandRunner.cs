using System.CommandLine;
using System.Net;
using System.Runtime.InteropServices;
using Strata.Cloud.Contracts;

namespace Strata.Cli;

/// <summary>Runs the parsed verb and turns what went wrong into one clear line and an exit code.</summary>
internal static class CommandRunner
{
    /// <summary>What a verb may take to end after SIGTERM or Ctrl-C.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(8);

    public static async Task<int> RunAsync(RootCommand root, string[] args)
    {
        // '@FILE' is the contents of a file for the options that say so, and never more arguments.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0 && parsed.Action is System.CommandLine.Invocation.ParseErrorAction)
        {
            foreach (var error in parsed.Errors)
                await Console.Error.WriteLineAsync($"strata: {UnreadValue.Explain(error) ?? error.Message}");
            await Console.Error.WriteLineAsync($"strata: '{Path(parsed)} --help' shows what it takes.");
            return ExitCode.Usage;
        }
        // Registered before the verb begins: System.CommandLine's own handler comes after it, and a signal in between would end the process.
        using var stop = new CancellationTokenSource();
        using var overdue = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, stop, overdue));
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, stop, overdue));
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, stop.Token).WaitAsync(overdue.Token);
        }
        catch (CliException e)
        {
            return Fail(e.ExitCode, e.Message);
        }
        catch (StrataApiException e)
        {
            var code = e.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden ? ExitCode.Unauthorized : ExitCode.Failed;
            // What is not there, or is there otherwise, is named in the sentence; a field of the API before it says nothing more.
            var isNamed = e.Field is null || e.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Conflict || e.Message.Contains(e.Field, StringComparison.OrdinalIgnoreCase);
            return Fail(code, isNamed ? e.Message : $"{e.Field}: {e.Message}");
        }
        catch (HttpRequestException e) when (e.InnerException is System.Security.Authentication.AuthenticationException untrusted)
        {
            return Fail(ExitCode.Unreachable, $"the node's certificate is not trusted ({untrusted.Message.TrimEnd('.')}); name its authority with --ca FILE, and use the host name that the certificate is for.");
        }
        catch (HttpRequestException e)
        {
            return Fail(ExitCode.Unreachable, $"the node does not answer ({e.Message.TrimEnd('.')}); check --url, and that 'strata cloud' runs.");
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Failed;
        }
    }

    /// <summary>The first signal cancels the verb, the end of <see cref="StopLimit"/> the wait for it; a second signal ends the process.</summary>
    private static void Stop(PosixSignalContext signal, CancellationTokenSource stop, CancellationTokenSource overdue)
    {
        if (stop.IsCancellationRequested)
            return;
        signal.Cancel = true;
        overdue.CancelAfter(StopLimit);
        _ = stop.CancelAsync();
    }

    private static int Fail(int code, string message)
    {
        Console.Error.WriteLine($"strata: {message}");
        return code;
    }

    private static string Path(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (SymbolResultPath? at = new(parsed.CommandResult); at is not null; at = at.Up())
            names.Push(at.Name);
        names.Pop();
        return string.Join(' ', names.Prepend("strata"));
    }

    private sealed record SymbolResultPath(System.CommandLine.Parsing.CommandResult Result)
    {
        public string Name => Result.Command.Name;

        public SymbolResultPath? Up() => Result.Parent is System.CommandLine.Parsing.CommandResult parent ? new(parent) : null;
    }
}
