using System.CommandLine;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata sites</c>.</summary>
internal static class SitesCommand
{
    public static Command Create() => new("sites", "Places: buildings, floors, zones.") { CreateList() };

    private static Command CreateList()
    {
        var command = new Command("list", "List the places as paths.");
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListSitesAsync(cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.SiteInfo, "no sites yet; 'strata apply -f site.yaml' creates them",
                new("path", s => s.Path), new("name", s => s.Name), new("kind", s => s.Kind),
                new("devices", s => s.Devices.ToString(), true), new("with those below", s => s.DevicesBelow.ToString(), true));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata sites list");
    }
}
