using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata events</c>: what happened in the fleet.</summary>
internal static class EventsCommand
{
    public static Command Create() => new("events", "What happened in the fleet.") { CreateList() };

    private static Command CreateList()
    {
        var device = new Option<string?>("--device") { Description = "Only this device's." };
        var gateway = new Option<string?>("--gateway") { Description = "Only this gateway's." };
        var command = new Command("list", "List events, newest first.") { device, gateway };
        var paging = new PagingOptions(command, 100);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(parsed, (cursor, limit) =>
                client.ListEventsAsync(parsed.GetValue(device), parsed.GetValue(gateway), cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.EventInfo, "nothing has happened yet",
                new("time", e => OutputWriter.Time(e.Time)), new("kind", e => e.Kind), new("device", e => e.Device ?? ""), new("gateway", e => e.Gateway ?? ""),
                new("detail", e => e.Detail));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata events list --device t-101");
    }
}
