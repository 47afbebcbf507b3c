using System.CommandLine;
using Strata.Edge.CommandLine;

namespace Strata.Cli.Commands;

/// <summary><c>strata edge</c>: the agent, the same as the small program <c>strata-edge</c>.</summary>
internal static class EdgeVerb
{
    public static Command Create()
    {
        var untilStdin = ServerOptions.CreateUntilStdinCloses();
        var command = new Command("edge", "Run an edge agent: a source, dead bands, a durable buffer, a gateway. Told to wipe itself, it does, and ends with exit code 5 now and at each start.") { untilStdin };
        EdgeCommand.Configure(
            command, Console.OpenStandardInput, TimeProvider.System,
            parsed => parsed.GetValue(untilStdin) ? ServerOptions.EndOfInput() : CancellationToken.None);
        var untilClosed = ServerOptions.CreateUntilStdinCloses();
        command.Subcommands.Add(HelpWithExamples.WithExamples(
            SuperviseCommand.Create(TimeProvider.System, parsed => parsed.GetValue(untilClosed) ? ServerOptions.EndOfInput() : CancellationToken.None, untilClosed),
            "strata edge supervise --updates ./updates --install ./strata-edge --install-version 1.0.0 -- --data ./edge --device t-101 --secret-file ./t-101.secret --to mqtt://127.0.0.1:1883 --source host --updates-from http://127.0.0.1:8080 --model T-100"));
        return HelpWithExamples.WithExamples(
            command,
            "strata edge --data ./edge --device t-101 --secret-file ./t-101.secret --to mqtt://127.0.0.1:1883 --source host",
            "strata edge --data ./edge --device t-101 --secret-file ./t-101.secret --to mqtt://127.0.0.1:1883 --source replay:room.csv --speed 60 --shift-end now");
    }
}
