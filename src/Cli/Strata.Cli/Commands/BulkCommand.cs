using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata bulk</c>.</summary>
internal static class BulkCommand
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    public static Command Create() => new("bulk", "Change or move all devices that a query finds, look how far it is, and take it back.") { CreateRun(), CreateList(), CreateShow(), CreateUndo() };

    private static Command CreateRun()
    {
        var query = new Option<string>("--query") { Description = QueryText.Help, Required = true };
        var fields = new DeviceFieldOptions();
        var move = new Option<string?>("--move") { Description = "Move each to this state, in place of changing fields." };
        var cause = new Option<string?>("--cause") { Description = "Why they are moved." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would be done." };
        var command = new Command("run", "Change fields of all devices that a query finds, or move them.") { query, move, cause, dryRun };
        fields.AddTo(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var to = parsed.GetValue(move);
            var request = new RunBulk(parsed.GetValue(query)!, to is null ? fields.Read(parsed) : null, to, parsed.GetValue(cause), parsed.GetValue(dryRun));
            return Print(node.Writer(parsed), await FollowAsync(client, await client.RunBulkAsync(request, cancellationToken), cancellationToken));
        });
        return HelpWithExamples.WithExamples(command, "strata bulk run --query 'site:hq/floor-1 model:P100' --tag firmware=ring-1 --dry-run", "strata bulk run --query group:weak --move maintenance --cause \"batteries are changed\"");
    }

    private static Command CreateList()
    {
        var command = new Command("list", "List changes of many devices, newest first.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            node.Writer(parsed).List((await node.Connect(parsed).ListBulkAsync(cancellationToken)).Items, ContractsJson.Default.BulkInfo, "none yet",
                new("id", b => b.Id ?? ""), new("state", b => b.UndoneBy is null ? b.State : "taken back"), new("found", b => $"{b.Found}", true), new("changed", b => $"{b.Changed}", true),
                new("refused", b => $"{b.Refused}", true), new("query", b => b.Query), new("change", b => b.Change.GetRawText()), new("by", b => b.Actor), new("started", b => OutputWriter.Time(b.Started)));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata bulk list");
    }

    private static Command CreateShow()
    {
        var id = Id();
        var command = new Command("show", "Show how far a change of many devices is, and what was refused.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) => Print(node.Writer(parsed), await node.Connect(parsed).GetBulkAsync(parsed.GetValue(id)!, cancellationToken)));
        return HelpWithExamples.WithExamples(command, "strata bulk show b0192e3f4a5b67c1");
    }

    private static Command CreateUndo()
    {
        var id = Id();
        var command = new Command("undo", "Take back a change of many devices, of those that were not changed since.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            return Print(node.Writer(parsed), await FollowAsync(client, await client.UndoBulkAsync(parsed.GetValue(id)!, cancellationToken), cancellationToken));
        });
        return HelpWithExamples.WithExamples(command, "strata bulk undo b0192e3f4a5b67c1");
    }

    private static Argument<string> Id() => new("id") { Description = "The change's id, as 'strata bulk list' says." };

    private static async Task<BulkInfo> FollowAsync(StrataClient client, BulkInfo bulk, CancellationToken cancellationToken)
    {
        while (bulk is { State: "running", Id: { } id })
        {
            await Task.Delay(LookEvery, TimeProvider.System, cancellationToken);
            bulk = await client.GetBulkAsync(id, cancellationToken);
        }
        return bulk;
    }

    /// <summary>Success only when it went to its end and nothing was refused.</summary>
    private static int Print(OutputWriter output, BulkInfo bulk)
    {
        output.One(bulk, ContractsJson.Default.BulkInfo,
            new("id", b => b.Id ?? "not kept"), new("state", b => b.State), new("query", b => b.Query), new("change", b => b.Change.GetRawText()), new("found", b => $"{b.Found}"),
            new("changed", b => $"{b.Changed}"), new("unchanged", b => $"{b.Unchanged}"), new("refused", b => $"{b.Refused}"));
        foreach (var refusal in bulk.Refusals)
            output.Note($"{refusal.Device}: {refusal.Why}");
        if (bulk is { Id: { } id, State: "done", Changed: > 0, UndoOf: null })
            output.Note($"'strata bulk undo {id}' takes it back");
        return bulk.Refused == 0 && bulk.State is "done" or "dry-run" or "running" ? ExitCode.Success : ExitCode.Failed;
    }
}
