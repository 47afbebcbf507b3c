using System.CommandLine;

namespace Strata.Cli.Commands;

/// <summary><c>strata export</c>: architecture and configurations in the form that <c>apply</c> takes.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var site = new Option<string?>("--site") { Description = "Only this site and the sites in it, without groups by a query; of configurations the layers of these sites and of devices in them, no others and no schemas." };
        var command = new Command("export", "Write the registered architecture, and configurations (configuration:) that you may read, in the form that apply takes. Rollouts are not in it.") { site };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var file = await node.Connect(parsed).ExportAsync(parsed.GetValue(site), cancellationToken);
            await parsed.InvocationConfiguration.Output.WriteAsync(file);
            // What is left out stands at its beginning, where nobody sees it who writes to a file.
            using var lines = new StringReader(file);
            while (await lines.ReadLineAsync(cancellationToken) is ['#', ' ', .. var note])
                await parsed.InvocationConfiguration.Error.WriteLineAsync(note);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata export > fleet.yaml", "strata export --site hq > site.yaml");
    }
}
