using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata groups</c>.</summary>
internal static class GroupsCommand
{
    public static Command Create() => new("groups", "Groups of devices: of places, by a query, or by name.") { CreateList(), CreateShow(), CreateSet(), CreateDelete() };

    private static Command CreateList()
    {
        var command = new Command("list", "List the groups.");
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListGroupsAsync(cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.GroupInfo, "no groups; 'strata groups set ID --query ...' makes one",
                new("id", g => g.Id), new("devices", g => $"{g.Devices}", true), new("sites", g => string.Join(", ", g.Sites)), new("query", g => g.Query ?? ""), new("window", g => g.Window?.ToString() ?? ""));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata groups list");
    }

    private static Command CreateShow()
    {
        var id = Id();
        var command = new Command("show", "Show one group; its devices are found by 'strata devices list --query group:ID'.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Print(node.Writer(parsed), await node.Connect(parsed).GetGroupAsync(parsed.GetValue(id)!, cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata groups show weak-batteries");
    }

    private static Command CreateSet()
    {
        var id = Id();
        var site = new Option<string[]>("--site") { Description = "A place whose devices are members; may be repeated.", Arity = ArgumentArity.ZeroOrMore };
        var query = new Option<string?>("--query") { Description = QueryText.Help };
        var window = new Option<TimeSpan?>("--window") { Description = "Over which the readings of places are computed: hh:mm:ss." };
        var command = new Command("set", "Make a group, in the place of one of this name. Without places and query its members are put into it by name ('strata devices edit ID --group NAME').") { id, site, query, window };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var group = new SaveGroup(parsed.GetValue(site) is { Length: > 0 } sites ? sites : null, parsed.GetValue(query), parsed.GetValue(window));
            Print(node.Writer(parsed), await node.Connect(parsed).PutGroupAsync(parsed.GetValue(id)!, group, cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata groups set weak-batteries --query 'health.battery<20'");
    }

    private static Command CreateDelete()
    {
        var id = Id();
        var command = new Command("delete", "Delete a group; its devices stay.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed).DeleteGroupAsync(parsed.GetValue(id)!, cancellationToken);
            node.Writer(parsed).Note($"{parsed.GetValue(id)} is deleted");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata groups delete weak-batteries");
    }

    private static Argument<string> Id() => new("id") { Description = "The group's id." };

    private static void Print(OutputWriter output, GroupInfo group) => output.One(
        group, ContractsJson.Default.GroupInfo, new("id", g => g.Id), new("devices", g => $"{g.Devices}"), new("sites", g => string.Join(", ", g.Sites)), new("query", g => g.Query ?? ""),
        new("window", g => g.Window?.ToString() ?? ""));
}
