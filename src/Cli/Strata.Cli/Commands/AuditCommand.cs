using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata audit</c>: who changed what, and whether the record of it is whole.</summary>
internal static class AuditCommand
{
    public static Command Create() => new("audit", "The audit trail: who changed what; verify it, export it.") { CreateList(), CreateVerify(), CreateExport() };

    private static Command CreateList()
    {
        var actor = new Option<string?>("--actor") { Description = "Who: a user's e-mail address, a token's name." };
        var action = new Option<string?>("--action") { Description = "What was done: create, change, remove, revoke, sign-in, ..." };
        var kind = new Option<string?>("--kind") { Description = "What it was done to: device, api-token, user, role, ..." };
        var id = new Option<string?>("--id") { Description = "Which one." };
        var from = new Option<string?>("--from") { Description = "ISO 8601 UTC or ms since 1970; inclusive." };
        var to = new Option<string?>("--to") { Description = "The same; exclusive." };
        var command = new Command("list", "List the records, newest first.") { actor, action, kind, id, from, to };
        var paging = new PagingOptions(command, 100);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var query = new AuditQuery(
                parsed.GetValue(actor), parsed.GetValue(action), parsed.GetValue(kind), parsed.GetValue(id),
                ReadingsCommand.Time(parsed.GetValue(from), "--from"), ReadingsCommand.Time(parsed.GetValue(to), "--to"));
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListAuditAsync(query, cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.AuditRecord, "no record matches",
                new("number", a => a.Number?.ToString() ?? "", true), new("time", a => OutputWriter.Time(a.Time)), new("actor", a => a.Actor), new("from", a => a.From ?? ""),
                new("action", a => a.Action), new("kind", a => a.Kind), new("id", a => a.Id), new("result", a => a.Result));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata audit list --tenant acme", "strata audit list --actor ada@acme.example --kind device --from 2026-11-01", "strata audit list -o json --limit 1000");
    }

    private static Command CreateVerify()
    {
        var command = new Command("verify", "Verify the chain of records: 0 when it is whole, 1 with the first record that is not.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var verdict = await node.Connect(parsed).VerifyAuditAsync(cancellationToken);
            node.Writer(parsed).One(verdict, ContractsJson.Default.AuditVerification,
                new("whole", v => v.Whole ? "yes" : "no"), new("records", v => v.Records.ToString()), new("first broken", v => v.Broken?.ToString() ?? ""), new("problem", v => v.Problem ?? ""));
            return verdict.Whole ? ExitCode.Success : ExitCode.Failed;
        });
        return HelpWithExamples.WithExamples(command, "strata audit verify --tenant acme");
    }

    private static Command CreateExport()
    {
        var command = new Command("export", "Write all records, oldest first, one JSON document a line.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = node.Writer(parsed).Text;
            await foreach (var line in node.Connect(parsed).ExportAuditAsync(cancellationToken))
                await output.WriteLineAsync(line.AsMemory(), cancellationToken);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata audit export --tenant acme > audit.jsonl");
    }
}
