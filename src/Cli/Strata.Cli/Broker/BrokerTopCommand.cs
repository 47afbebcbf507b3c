using System.CommandLine;
using System.Globalization;
using Strata.Cli.Output;
using Strata.Mqtt.Inspection;

namespace Strata.Cli.Broker;

/// <summary><c>strata broker top</c>: the busiest, slowest or most losing clients, again and again.</summary>
internal static class BrokerTopCommand
{
    private const int RowsBesides = 5;

    public static Command Create()
    {
        var by = new Option<TopBy>("--by") { Description = "Rate, Lost, Queue or Slow (slow consumers first).", DefaultValueFactory = _ => TopBy.Rate };
        var client = new Option<string?>("--client") { Description = "Only these client ids; * stands for any characters.", HelpName = "PATTERN" };
        var limit = new Option<int>("--limit") { Description = "At most so many; in a terminal what fits.", DefaultValueFactory = _ => 20 };
        var once = new Option<bool>("--once") { Description = "Print once and end." };
        var interval = new Option<double>("--interval") { Description = "Seconds between two pictures.", DefaultValueFactory = _ => 2 };
        interval.Validators.Add(static result =>
        {
            if (result.GetValueOrDefault<double>() is not (>= 0.2 and <= 3600))
                result.AddError("--interval is 0.2 to 3600 seconds.");
        });
        limit.Validators.Add(static result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > MqttInspection.MaxPage)
                result.AddError($"--limit is 1 to {MqttInspection.MaxPage}.");
        });
        var command = new Command("top", "Watch the clients of a running broker: rates, queues, losses. Keys: r rate, l lost, u queue, s slow, q quit.") { by, client, limit, once, interval };
        var control = new BrokerControlOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var broker = await control.ConnectAsync(parsed, cancellationToken);
            var writer = control.Writer(parsed);
            var watches = !parsed.GetValue(once) && writer.Format == OutputFormat.Table && !Console.IsOutputRedirected && !Console.IsInputRedirected;
            if (watches)
                await WatchAsync(broker, parsed.GetValue(by), parsed.GetValue(client), TimeSpan.FromSeconds(parsed.GetValue(interval)), writer.Text, cancellationToken);
            else
                await PrintAsync(broker, parsed.GetValue(by), parsed.GetValue(client), parsed.GetValue(limit), writer, cancellationToken);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata broker top", "strata broker top --by lost --once", "strata broker top --by slow --once --json");
    }

    private static async Task PrintAsync(BrokerControlClient broker, TopBy by, string? client, int limit, OutputWriter writer, CancellationToken cancellationToken)
    {
        var status = await broker.StatusAsync(cancellationToken);
        var clients = await TopAsync(broker, by, client, limit, cancellationToken);
        foreach (var line in Head(status))
            writer.Note(line);
        writer.Note("");
        writer.List(clients, InspectionJson.Default.ClientStatus, "no sessions", BrokerInspectionCommands.Columns);
    }

    /// <summary>Draws over the last picture until q or Ctrl-C; the terminal gets its own screen back.</summary>
    private static async Task WatchAsync(BrokerControlClient broker, TopBy by, string? client, TimeSpan interval, TextWriter terminal, CancellationToken cancellationToken)
    {
        await terminal.WriteAsync("\x1b[?1049h\x1b[?25l");
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                var rows = Math.Max(1, Console.WindowHeight - RowsBesides);
                using var picture = new StringWriter(CultureInfo.InvariantCulture);
                await PrintAsync(broker, by, client, Math.Min(rows, MqttInspection.MaxPage), new OutputWriter(OutputFormat.Table, picture), cancellationToken);
                await terminal.WriteAsync($"\x1b[H{picture.ToString().TrimEnd().Replace("\n", "\x1b[K\n", StringComparison.Ordinal)}\x1b[K\n\x1b[J\x1b[{Console.WindowHeight};1Hby {by.ToString().ToLowerInvariant()}   r rate  l lost  u queue  s slow  q quit");
                if (await KeyAsync(interval, cancellationToken) is not { } key)
                    continue;
                if (key is ConsoleKey.Q)
                    return;
                by = key switch { ConsoleKey.R => TopBy.Rate, ConsoleKey.L => TopBy.Lost, ConsoleKey.U => TopBy.Queue, ConsoleKey.S => TopBy.Slow, _ => by };
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl-C.
        }
        finally
        {
            await terminal.WriteAsync("\x1b[?25h\x1b[?1049l");
        }
    }

    private static async Task<ConsoleKey?> KeyAsync(TimeSpan within, CancellationToken cancellationToken)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(begun) < within)
        {
            if (Console.KeyAvailable)
                return Console.ReadKey(intercept: true).Key;
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
        }

        return null;
    }

    private static async Task<IReadOnlyList<ClientStatus>> TopAsync(BrokerControlClient broker, TopBy by, string? client, int limit, CancellationToken cancellationToken) =>
        (await broker.GetAsync(
            BrokerControlClient.Path("top", ("by", by.ToString()), ("client", client), ("limit", BrokerControlClient.Text(limit))), InspectionJson.Default.InspectionPageClientStatus, cancellationToken)).Items;

    private static IEnumerable<string> Head(BrokerStatus status) =>
    [
        $"strata broker {status.Version}, up {BrokerInspectionCommands.Span(status.Uptime)}, {status.Connected} connected of {status.Sessions} sessions, {status.Subscriptions} subscriptions",
        $"in {Size(status.PublishesReceived)} messages {Size(status.BytesReceived)}B   out {Size(status.PublishesSent)} {Size(status.BytesSent)}B   waiting {Size(status.QueuedMessages)} {Size(status.QueuedBytes)}B   retained {Size(status.RetainedMessages)}   lost {Size(status.Lost.Values.Sum())}",
    ];

    private static string Size(long number) => number switch
    {
        < 10_000 => number.ToString(CultureInfo.InvariantCulture),
        < 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{number / 1e3:0}k"),
        < 10_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{number / 1e6:0}M"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{number / 1e9:0}G"),
    };
}
