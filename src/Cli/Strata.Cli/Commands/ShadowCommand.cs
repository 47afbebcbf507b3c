using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata shadow</c>.</summary>
internal static class ShadowCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create() => new("shadow", "What is known and wanted of a device: get, set, compare, look back, take back, and why it does not follow.")
    {
        CreateGet(), CreateSet(), CreateDiff(), CreateHistory(), CreateUndo(), CreateDelete(), CreateList(), CreateWhy(),
    };

    private static Command CreateGet()
    {
        var (device, name) = (Device(), Name());
        var version = new Option<long?>("--version") { Description = "As it was at this version." };
        var at = new Option<DateTimeOffset?>("--at") { Description = "As it was at this time, for example 2026-11-27T09:00:00Z." };
        var command = new Command("get", "Show a shadow.") { device, name, version, at };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Print(node.Writer(parsed), await node.Connect(parsed).GetShadowAsync(parsed.GetValue(device)!, parsed.GetValue(name), parsed.GetValue(version), parsed.GetValue(at), cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata shadow get t-101", "strata shadow get t-101 --name wifi --version 7 -o json");
    }

    private static Command CreateSet()
    {
        var (device, name) = (Device(), Name());
        var file = new Argument<string>("file") { Description = "JSON of what is desired, merged field by field (null deletes), or a whole request with 'state'; '-' reads it from the input." };
        var version = new Option<long?>("--version") { Description = "Only if the shadow still has this version." };
        var why = new Option<string?>("--why") { Description = "For the history." };
        var command = new Command("set", "Say what is desired of a device.") { device, file, name, version, why };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var request = Request(await ReadAsync(parsed.GetValue(file)!, cancellationToken), parsed.GetValue(why));
            Print(node.Writer(parsed), await node.Connect(parsed).UpdateShadowAsync(parsed.GetValue(device)!, request, parsed.GetValue(name), parsed.GetValue(version), cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "echo '{\"temp\":22}' | strata shadow set t-101 -", "strata shadow set t-101 wanted.json --version 7 --why 'winter settings'");
    }

    private static Command CreateDiff()
    {
        var (device, name) = (Device(), Name());
        var from = new Option<string?>("--from") { Description = "A version or a time; without it, what is reported is compared with what is desired." };
        var to = new Option<string?>("--to") { Description = "A version or a time; now unless given." };
        var version = new Option<long?>("--version") { Description = "In place of --from and --to: what the change made that led to this version." };
        var command = new Command("diff", "What differs: between two versions or times, or between what is reported and what is desired.") { device, name, version, from, to };
        command.Validators.Add(result =>
        {
            if (result.GetValue(version) is not null && (result.GetValue(from) ?? result.GetValue(to)) is not null)
                result.AddError("--version is in place of --from and --to.");
            else if (result.GetValue(version) is < 1)
                result.AddError("--version is 1 or more.");
        });
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (one, other) = parsed.GetValue(version) is { } led ? ($"{led - 1}", $"{led}") : (parsed.GetValue(from), parsed.GetValue(to));
            var diff = await node.Connect(parsed).DiffShadowAsync(parsed.GetValue(device)!, parsed.GetValue(name), one, other, cancellationToken);
            node.Writer(parsed).List(diff.Differences, ContractsJson.Default.ShadowDifferenceInfo, "no difference",
                new("part", d => d.Part), new("path", d => d.Path), new("before", d => d.Before?.GetRawText() ?? ""), new("after", d => d.After?.GetRawText() ?? ""));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata shadow diff t-101", "strata shadow diff t-101 --from 3 --to 7", "strata shadow diff t-101 --version 7", "strata shadow diff t-101 --from 2026-11-26T00:00:00Z");
    }

    private static Command CreateHistory()
    {
        var (device, name) = (Device(), Name());
        var version = new Option<long?>("--version") { Description = "Only the change that led to this version." };
        var command = new Command("history", "Who changed what, when and why, newest first.") { device, name, version };
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListShadowChangesAsync(parsed.GetValue(device)!, parsed.GetValue(name), parsed.GetValue(version), cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.ShadowChangeInfo, "nothing was changed, as far back as is kept",
                new("version", c => $"{c.Version}", true), new("time", c => OutputWriter.Time(c.Time)), new("actor", c => c.Actor), new("why", c => c.Why ?? ""), new("change", c => c.Change.GetRawText()));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata shadow history t-101", "strata shadow history t-101 --version 7 -o json");
    }

    private static Command CreateUndo()
    {
        var (device, name) = (Device(), Name());
        var version = new Option<long?>("--version") { Description = "The change that led to this version; the newest of desired or tags unless given." };
        var why = new Option<string?>("--why") { Description = "For the history." };
        var command = new Command("undo", "Take back what a change made of desired and tags; refused where a field was changed again since.") { device, name, version, why };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Print(node.Writer(parsed), await node.Connect(parsed).UndoShadowAsync(parsed.GetValue(device)!, new UndoShadow(parsed.GetValue(version), parsed.GetValue(why)), parsed.GetValue(name), cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata shadow undo t-101", "strata shadow undo t-101 --version 7 --why 'too warm'");
    }

    private static Command CreateDelete()
    {
        var (device, name) = (Device(), Name());
        var command = new Command("delete", "Delete a shadow; its history and its version are kept for a while.") { device, name };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed).DeleteShadowAsync(parsed.GetValue(device)!, parsed.GetValue(name), cancellationToken);
            node.Writer(parsed).Note("the shadow is deleted");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata shadow delete t-101 --name wifi");
    }

    private static Command CreateList()
    {
        var device = Device();
        var command = new Command("list", "List the names of a device's shadows; '-' is the one without a name.") { device };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            node.Writer(parsed).List((await node.Connect(parsed).ListShadowsAsync(parsed.GetValue(device)!, cancellationToken)).Items, ContractsJson.Default.String, "no shadow yet", new Column<string>("name", n => n.Length == 0 ? "-" : n));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata shadow list t-101");
    }

    private static Command CreateWhy()
    {
        var (device, name) = (Device(), Name());
        var command = new Command("why", "Explain from what is known why a device does not follow its shadow.") { device, name };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var why = await node.Connect(parsed).ExplainShadowAsync(parsed.GetValue(device)!, parsed.GetValue(name), cancellationToken);
            var output = node.Writer(parsed);
            if (output.Format == OutputFormat.Table)
                foreach (var line in why.Converged ? [$"It follows: version {why.Version}, nothing is left to do."] : why.Reasons.Select(r => r.Text))
                    output.Note(line);
            else
                output.One(why, ContractsJson.Default.ShadowWhy, new("converged", w => w.Converged ? "yes" : "no"), new("version", w => $"{w.Version}"), new("reasons", w => string.Join(" | ", w.Reasons.Select(r => r.Text))));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata shadow why t-101", "strata shadow why t-101 -o json");
    }

    private static Argument<string> Device() => new("device") { Description = "The device's id." };

    private static Option<string?> Name() => new("--name") { Description = "A named shadow; without it, the one that has no name." };

    private static void Print(OutputWriter output, ShadowInfo shadow)
    {
        if (output.Format == OutputFormat.Table)
            output.Text.WriteLine($"version {shadow.Version}, {OutputWriter.Time(DateTimeOffset.FromUnixTimeSeconds(shadow.Timestamp))}\n{JsonSerializer.Serialize(shadow.State, Indented)}");
        else
            output.One(shadow, ContractsJson.Default.ShadowInfo, new("version", s => $"{s.Version}"), new("state", s => s.State.GetRawText()));
    }

    internal static async Task<string> ReadAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return file == "-" ? await Console.In.ReadToEndAsync(cancellationToken) : await File.ReadAllTextAsync(file, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"{file} cannot be read: {e.Message}");
        }
    }

    /// <summary>A document with <c>state</c> is a request; another is what is desired.</summary>
    private static string Request(string text, string? why)
    {
        try
        {
            var document = JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { MaxDepth = 128 }) as JsonObject ?? throw new CliException(ExitCode.Usage, "what is desired must be a JSON object, for example {\"temp\":22}.");
            var request = document["state"] is JsonObject ? document : new JsonObject { ["state"] = new JsonObject { ["desired"] = document } };
            if (why is not null)
                request["why"] = why;
            return request.ToJsonString();
        }
        catch (JsonException e)
        {
            throw new CliException(ExitCode.Usage, string.IsNullOrWhiteSpace(text) ? "what is desired is empty; write a JSON object, for example {\"temp\":22}." : $"what is desired is no JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine}.");
        }
    }
}
