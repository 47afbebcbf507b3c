using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Strata.Cli.Output;
using Strata.Mqtt.Inspection;

namespace Strata.Cli.Broker;

/// <summary><c>strata broker trace CLIENT</c>: a client's packets as they come and go.</summary>
internal static class BrokerTraceCommand
{
    public static Command Create()
    {
        var client = new Argument<string>("CLIENT") { Description = "The client id; it need not be connected yet." };
        var payloads = new Option<int>("--payloads") { Description = "Show up to so many bytes of each payload, 1 to 1024; without a number 64.", HelpName = "BYTES", Arity = ArgumentArity.ZeroOrOne, DefaultValueFactory = static _ => 0 };
        payloads.CustomParser = static result => result.Tokens.Count == 0 ? 64 : int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) && bytes is >= 1 and <= 1024 ? bytes : Wrong(result);
        var seconds = new Option<int>("--seconds") { Description = "End after so long.", DefaultValueFactory = _ => 3600, HelpName = "N" };
        seconds.Validators.Add(static result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 30 * 24 * 3600)
                result.AddError("--seconds is 1 to 2592000.");
        });
        var command = new Command("trace", "Show a client's packets as they come and go: direction, type, id, topic, sizes, reason; no payloads unless asked.") { client, payloads, seconds };
        var control = new BrokerControlOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var broker = await control.ConnectAsync(parsed, cancellationToken);
            var writer = control.Writer(parsed);
            var path = BrokerControlClient.Path(
                "trace", ("client", parsed.GetRequiredValue(client)), ("seconds", BrokerControlClient.Text(parsed.GetValue(seconds))), ("payloads", BrokerControlClient.Text(parsed.GetValue(payloads))));
            await WriteAsync(broker.TraceAsync(path, cancellationToken), writer, cancellationToken);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata broker trace sensor-1", "strata broker trace sensor-1 --payloads 200", "strata broker trace sensor-1 --seconds 60 --json");
    }

    /// <summary>One line for people.</summary>
    internal static string Describe(TraceLine line)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{line.Time.LocalDateTime:HH:mm:ss.fff} {(line.Direction == "in" ? "->" : "<-")} {line.Type,-11}");
        if (line.PacketId is { } id)
            text.Append(CultureInfo.InvariantCulture, $" id={id}");
        if (line.QoS is { } qos)
            text.Append(CultureInfo.InvariantCulture, $" q{qos}{(line.Retain ? " retain" : "")}{(line.Duplicate ? " dup" : "")}");
        if (line.Topic is { } topic)
            text.Append(' ').Append(Printable(topic));
        if (line.Reason is { } reason)
            text.Append(' ').Append(reason);
        if (line.Note is { } note)
            text.Append(' ').Append(Printable(note));
        if (line.PayloadBytes is { } bytes)
            text.Append(CultureInfo.InvariantCulture, $" ({bytes} of {line.Size} B)");
        else if (line.Size > 0)
            text.Append(CultureInfo.InvariantCulture, $" ({line.Size} B)");
        if (line.Payload is { } payload)
            text.Append(" | ").Append(Printable(payload));
        return text.ToString();
    }

    private static async Task WriteAsync(IAsyncEnumerable<TraceLine> lines, OutputWriter writer, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var line in lines)
            {
                if (writer.Format == OutputFormat.Json)
                {
                    await writer.Text.WriteLineAsync(JsonSerializer.Serialize(line, InspectionJson.Default.TraceLine));
                    continue;
                }

                if (line.LostBefore > 0)
                    await writer.Text.WriteLineAsync($"             .. {line.LostBefore} packets not shown: they came faster than they could be read");
                await writer.Text.WriteLineAsync(Describe(line));
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl-C.
        }
    }

    /// <summary>A client must not write into the terminal of whoever looks.</summary>
    private static string Printable(string text) => string.Concat(text.Select(static c => char.IsControl(c) ? '·' : c));

    private static int Wrong(System.CommandLine.Parsing.ArgumentResult result)
    {
        result.AddError("--payloads is 1 to 1024 bytes.");
        return 0;
    }
}
