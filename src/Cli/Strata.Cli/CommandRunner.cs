using System.CommandLine;
using System.Net;
using Strata.Cloud.Contracts;

namespace Strata.Cli;

/// <summary>Runs the parsed verb and turns what went wrong into one clear line and an exit code.</summary>
internal static class CommandRunner
{
    public static async Task<int> RunAsync(RootCommand root, string[] args)
    {
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0 && parsed.Action is System.CommandLine.Invocation.ParseErrorAction)
        {
            foreach (var error in parsed.Errors)
                await Console.Error.WriteLineAsync($"strata: {error.Message}");
            await Console.Error.WriteLineAsync($"strata: '{Path(parsed)} --help' shows what it takes.");
            return ExitCode.Usage;
        }
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(8) });
        }
        catch (CliException e)
        {
            return Fail(e.ExitCode, e.Message);
        }
        catch (StrataApiException e)
        {
            var code = e.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden ? ExitCode.Unauthorized : ExitCode.Failed;
            return Fail(code, e.Field is null || e.Message.Contains(e.Field, StringComparison.Ordinal) ? e.Message : $"{e.Field}: {e.Message}");
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
