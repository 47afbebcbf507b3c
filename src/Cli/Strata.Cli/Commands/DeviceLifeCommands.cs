using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary>The verbs of <c>strata devices</c> that change a device that is there, and tell its life.</summary>
internal static class DeviceLifeCommands
{
    public static Command CreateEdit()
    {
        var id = new Argument<string>("id") { Description = "The device's id." };
        var fields = new DeviceFieldOptions();
        var revision = Revision();
        var command = new Command("edit", "Change what is known of a device: its place, tags, groups.") { id, revision };
        fields.AddTo(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Print(node.Writer(parsed), await node.Connect(parsed).ChangeDeviceAsync(parsed.GetValue(id)!, fields.Read(parsed), parsed.GetValue(revision), cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata devices edit t-101 --tag owner=facility --untag loan --site hq/floor-2");
    }

    public static Command CreateMove()
    {
        var id = new Argument<string>("id") { Description = "The device's id." };
        var state = new Argument<string>("state") { Description = "unprovisioned, provisioning, active, degraded, maintenance or decommissioned." };
        var cause = new Option<string?>("--cause") { Description = "Why: one phrase, kept in its history." };
        var evidence = new Option<string?>("--evidence") { Description = "What it was decided on, as JSON." };
        var revision = Revision();
        var command = new Command("move", "Move a device to another state of its life.") { id, state, cause, evidence, revision };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var move = new MoveDevice(parsed.GetValue(state)!, parsed.GetValue(cause), Json(parsed.GetValue(evidence)));
            Print(node.Writer(parsed), await node.Connect(parsed).MoveDeviceAsync(parsed.GetValue(id)!, move, parsed.GetValue(revision), cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata devices move t-101 maintenance --cause \"battery is changed\"");
    }

    public static Command CreateHistory()
    {
        var id = new Argument<string>("id") { Description = "The device's id." };
        var command = new Command("history", "List the steps of a device's life, newest first, and how long it was in each state.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var history = await node.Connect(parsed).GetDeviceHistoryAsync(parsed.GetValue(id)!, cancellationToken);
            var output = node.Writer(parsed);
            if (output.Format == OutputFormat.Json)
            {
                output.One(history, ContractsJson.Default.DeviceHistory);
                return ExitCode.Success;
            }
            output.List(history.Steps, ContractsJson.Default.DeviceStep, "no step is kept",
                new("at", s => OutputWriter.Time(s.At)), new("from", s => s.From), new("to", s => s.To), new("cause", s => s.Cause), new("actor", s => s.Actor),
                new("evidence", s => s.Evidence?.GetRawText() ?? ""));
            output.Note($"in its states: {string.Join(", ", history.SecondsInState.Select(s => $"{s.Key} {TimeSpan.FromSeconds(Math.Floor(s.Value))}"))}");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata devices history t-101");
    }

    /// <summary>Tags as one line.</summary>
    public static string Tags(IReadOnlyDictionary<string, string> tags) => string.Join(", ", tags.Select(t => $"{t.Key}={t.Value}"));

    private static Option<long?> Revision() => new("--revision") { Description = "Only when the device is at this revision, as 'devices show' says." };

    private static JsonElement? Json(string? text)
    {
        try
        {
            return text is null ? null : JsonSerializer.Deserialize<JsonElement>(text);
        }
        catch (JsonException)
        {
            throw new CliException(ExitCode.Usage, "--evidence is not JSON; write for example '{\"rssi\":-119}'.");
        }
    }

    private static void Print(OutputWriter output, DeviceInfo device) => output.One(
        device, ContractsJson.Default.DeviceInfo, new("id", d => d.Id), new("state", d => d.State), new("since", d => OutputWriter.Time(d.StateSince)), new("cause", d => d.Cause),
        new("site", d => d.Site ?? ""), new("tags", d => Tags(d.Tags)), new("groups", d => string.Join(", ", d.Groups)), new("revision", d => $"{d.Revision}"));
}
