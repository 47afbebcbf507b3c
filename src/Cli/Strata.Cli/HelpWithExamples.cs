using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Strata.Cli;

/// <summary>The usual help, then the verb's examples and, at the root, the exit codes.</summary>
internal sealed class HelpWithExamples(HelpAction standard) : SynchronousCommandLineAction
{
    private static readonly Dictionary<Command, string[]> Examples = [];

    /// <summary>Gives a verb its examples: lines as typed after the prompt.</summary>
    public static Command WithExamples(Command command, params string[] lines)
    {
        Examples[command] = lines;
        return command;
    }

    public override int Invoke(ParseResult parseResult)
    {
        var code = standard.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        var command = parseResult.CommandResult.Command;
        if (Examples.TryGetValue(command, out var lines))
        {
            output.WriteLine(lines.Length == 1 ? "Example:" : "Examples:");
            foreach (var line in lines)
                output.WriteLine($"  {line}");
            output.WriteLine();
        }
        if (command is RootCommand)
        {
            output.WriteLine("Finding the node:");
            output.WriteLine("  --url and --token-file, or STRATA_URL and STRATA_TOKEN, or --data DIR of a node on this machine.");
            output.WriteLine();
            output.WriteLine("Exit codes:");
            output.WriteLine("  0 done   1 failed or refused   2 wrong usage or configuration   3 node unreachable   4 not authorised");
        }
        return code;
    }
}
