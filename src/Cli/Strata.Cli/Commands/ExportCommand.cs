using System.CommandLine;

namespace Strata.Cli.Commands;

/// <summary><c>strata export</c>: the architecture in the form that <c>apply</c> takes.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var site = new Option<string?>("--site") { Description = "Only this root site; needed when there are several." };
        var command = new Command("export", "Write the registered architecture in the form that apply takes.") { site };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await parsed.InvocationConfiguration.Output.WriteAsync(await node.Connect(parsed).ExportAsync(parsed.GetValue(site), cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata export --site hq > site.yaml");
    }
}
