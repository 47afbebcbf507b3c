using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata mountings</c>: what installers did.</summary>
internal static class MountingsCommand
{
    public static Command Create() => new("mountings", "Who mounted which device where, on the installer's page.") { CreateList() };

    private static Command CreateList()
    {
        var device = new Option<string?>("--device") { Description = "Only this device's." };
        var command = new Command("list", "List mountings, newest first. Photos are on the device's page.") { device };
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListMountingsAsync(parsed.GetValue(device), cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.MountingInfo, "nothing was mounted yet; installers do it at /install/",
                new("device", m => m.Device), new("site", m => m.Site), new("from", m => m.From ?? ""), new("when", m => OutputWriter.Time(m.At)), new("by", m => m.By),
                new("note", m => m.Note ?? ""), new("photo", m => m.PhotoBytes > 0 ? "yes" : ""));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata mountings list", "strata mountings list --device t-101 -o json");
    }
}
