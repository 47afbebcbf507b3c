using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata commands</c>.</summary>
internal static class CommandsCommand
{
    public static Command Create()
    {
        var command = new Command("commands", "Tell devices to do something, and see what became of it.") { CreateSend(), CreateList(), CreateShow(), CreateCancel() };
        foreach (var of in CommandRunCommands.Create())
            command.Subcommands.Add(of);
        command.Subcommands.Add(CommandSchemaCommands.Create());
        return command;
    }

    private static Command CreateSend()
    {
        var (device, name) = (Device(), new Argument<string>("name") { Description = "What it shall do: ping, restart, ...; whatever the device knows." });
        var payload = PayloadOption();
        var wait = Duration("--wait", "Wait for its answer so long at most; the device must be there. Queued unless given.");
        var expires = Duration("--expires", "Queue it, for so long at most until the device comes; the node's usual time (a day) unless given.");
        var request = new Option<string?>("--request") { Description = "Your own id of it: sent again under it, it is not done twice." };
        var priority = new Option<int?>("--priority") { Description = "0 to 9: of what waits for a device the highest goes first; 0 unless given." };
        var command = new Command("send", "Tell a device to do something: at once and waiting for its answer (--wait), or when it comes.") { device, name, payload, wait, expires, request, priority };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var asked = new SendCommand(parsed.GetValue(name)!, PayloadOf(parsed.GetValue(payload)))
            {
                Request = parsed.GetValue(request), Wait = parsed.GetValue(wait), Expires = parsed.GetValue(expires), Priority = parsed.GetValue(priority),
            };
            var limit = asked.Wait is { } longest ? longest + TimeSpan.FromSeconds(30) : (TimeSpan?)null;
            return Print(node.Writer(parsed), await node.Connect(parsed, limit).SendCommandAsync(parsed.GetValue(device)!, asked, cancellationToken));
        });
        return HelpWithExamples.WithExamples(command,
            "strata commands send t-101 ping --wait 30s -o json", "strata commands send t-101 set-interval --payload '{\"seconds\":60}' --expires 1d --request night-17");
    }

    private static Command CreateList()
    {
        var device = new Option<string?>("--device") { Description = "Only of this device." };
        var state = new Option<string?>("--state") { Description = "Only in this state: queued, sent, delivered, running, succeeded, failed, timedOut, cancelled or expired." };
        var run = new Option<string?>("--run") { Description = "Only of this run of many." };
        var command = new Command("list", "List commands, newest first.") { device, state, run };
        var paging = new PagingOptions(command, 100);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var found = await paging.CollectAsync(parsed, (cursor, limit) => client.ListCommandsAsync(parsed.GetValue(device), parsed.GetValue(state), parsed.GetValue(run), cursor, limit, cancellationToken));
            node.Writer(parsed).List(found, ContractsJson.Default.CommandInfo, "none",
                new("device", c => c.Device), new("name", c => c.Name), new("state", c => c.State), new("request", c => c.Request), new("created", c => OutputWriter.Time(c.Created)),
                new("ended", c => c.Ended is null ? "" : OutputWriter.Time(c.Ended)), new("by", c => c.Actor), new("reason", c => c.Reason ?? ""));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata commands list --device t-101", "strata commands list --state failed -o csv");
    }

    private static Command CreateShow()
    {
        var (device, request) = (Device(), Request());
        var wait = Duration("--wait", "Until it is over, so long at most.");
        var command = new Command("show", "Show a command with its payload, its times and the device's answer.") { device, request, wait };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var longest = parsed.GetValue(wait);
            return Print(node.Writer(parsed), await node.Connect(parsed, longest is { } limit ? limit + TimeSpan.FromSeconds(30) : null).GetCommandAsync(parsed.GetValue(device)!, parsed.GetValue(request)!, longest, cancellationToken));
        });
        return HelpWithExamples.WithExamples(command, "strata commands show t-101 night-17", "strata commands show t-101 night-17 --wait 1m -o json");
    }

    private static Command CreateCancel()
    {
        var (device, request) = (Device(), Request());
        var command = new Command("cancel", "Take a command back. What was said to the device already it may do all the same.") { device, request };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Print(node.Writer(parsed), await node.Connect(parsed).CancelCommandAsync(parsed.GetValue(device)!, parsed.GetValue(request)!, cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata commands cancel t-101 night-17");
    }

    public static Option<string?> PayloadOption() => new("--payload") { Description = "JSON, or @FILE with it; an empty object unless given." };

    public static JsonElement? PayloadOf(string? text)
    {
        if (text is null)
            return null;
        try
        {
            return JsonElement.Parse(text.StartsWith('@') ? File.ReadAllText(text[1..]) : text);
        }
        catch (JsonException wrong)
        {
            throw new CliException(ExitCode.Usage, $"--payload is no JSON (line {wrong.LineNumber + 1}, byte {wrong.BytePositionInLine}); write it in single quotes, '{{\"seconds\":60}}', or name a file, @payload.json.");
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"--payload: {text[1..]} cannot be read: {unread.Message}");
        }
    }

    public static Option<TimeSpan?> Duration(string name, string description) => new(name)
    {
        Description = $"{description} 500ms, 30s, 5m, 1h, 2d.",
        CustomParser = result =>
        {
            // A number alone would be days by TimeSpan's own form, and is meant as seconds as often.
            var said = result.Tokens[0].Value;
            if (DurationText.TryParse(said, out var duration) || (said.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParseExact(said, "c", System.Globalization.CultureInfo.InvariantCulture, out duration)))
                return duration;
            result.AddError($"{name} is a duration: 30s, 5m, 1h, 2d; '{said}' is none.");
            return null;
        },
    };

    private static Argument<string> Device() => new("device") { Description = "The device's id." };

    private static Argument<string> Request() => new("request") { Description = "The command's id, as 'strata commands send' and 'list' say." };

    /// <summary>Success unless it ended otherwise than well.</summary>
    private static int Print(OutputWriter output, CommandInfo info)
    {
        output.One(info, ContractsJson.Default.CommandInfo,
            new("device", c => c.Device), new("request", c => c.Request), new("name", c => c.Name), new("state", c => c.State), new("reason", c => c.Reason ?? ""), new("payload", c => c.Payload?.GetRawText() ?? ""),
            new("result", c => c.Result?.GetRawText() ?? ""), new("by", c => c.Actor), new("created", c => OutputWriter.Time(c.Created)), new("sent", c => Time(c.Sent)), new("delivered", c => Time(c.Delivered)),
            new("running", c => Time(c.Running)), new("ended", c => Time(c.Ended)), new("attempts", c => $"{c.Attempts}"), new("expires", c => OutputWriter.Time(c.Expires)));
        return info.State is "failed" or "timedOut" or "expired" or "cancelled" ? ExitCode.Failed : ExitCode.Success;
    }

    private static string Time(DateTimeOffset? at) => at is null ? "" : OutputWriter.Time(at);
}
