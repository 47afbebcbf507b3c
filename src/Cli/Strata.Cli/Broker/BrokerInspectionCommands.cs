using System.CommandLine;
using System.Globalization;
using Strata.Cli.Output;
using Strata.Mqtt.Inspection;

namespace Strata.Cli.Broker;

/// <summary><c>strata broker clients|subscriptions|retained|disconnect|log-level</c>: what a running broker holds, and two ways to act on it.</summary>
internal static class BrokerInspectionCommands
{
    public static Command Clients()
    {
        var client = ClientOption();
        var connected = new Option<bool>("--connected") { Description = "Only clients that are connected." };
        var away = new Option<bool>("--away") { Description = "Only sessions whose client is away." };
        var slow = new Option<bool>("--slow") { Description = "Only slow consumers: messages wait for them for longer than --slow-after, or a full queue lost some in the last minute." };
        var limit = Limit();
        var command = new Command("clients", "List the sessions of a running broker: who is there, what waits, what was lost.") { client, connected, away, slow, limit };
        var control = new BrokerControlOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var broker = await control.ConnectAsync(parsed, cancellationToken);
            var here = parsed.GetValue(connected) ? "true" : parsed.GetValue(away) ? "false" : null;
            var items = await BrokerControlOptions.CollectAsync(parsed, parsed.GetValue(limit), (cursor, count) => broker.GetAsync(
                BrokerControlClient.Path("clients", ("client", parsed.GetValue(client)), ("connected", here), ("slow", parsed.GetValue(slow) ? "true" : null), ("cursor", cursor), ("limit", BrokerControlClient.Text(count))),
                InspectionJson.Default.InspectionPageClientStatus, cancellationToken));
            var writer = control.Writer(parsed);
            if (writer.Format == OutputFormat.Csv)
                writer.List(items, InspectionJson.Default.ClientStatus, "", CsvColumns);
            else
                writer.List(items, InspectionJson.Default.ClientStatus, "no sessions", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata broker clients", "strata broker clients --slow", "strata broker clients --client 'sensor-*' --json");
    }

    public static Command Subscriptions()
    {
        var client = ClientOption();
        var filter = new Option<string?>("--filter") { Description = "Only this filter, as it was subscribed to; * stands for any characters.", HelpName = "PATTERN" };
        var limit = Limit();
        var command = new Command("subscriptions", "List the subscriptions of a running broker.") { client, filter, limit };
        var control = new BrokerControlOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var broker = await control.ConnectAsync(parsed, cancellationToken);
            var items = await BrokerControlOptions.CollectAsync(parsed, parsed.GetValue(limit), (cursor, count) => broker.GetAsync(
                BrokerControlClient.Path("subscriptions", ("client", parsed.GetValue(client)), ("filter", parsed.GetValue(filter)), ("cursor", cursor), ("limit", BrokerControlClient.Text(count))),
                InspectionJson.Default.InspectionPageSubscriptionStatus, cancellationToken));
            control.Writer(parsed).List(items, InspectionJson.Default.SubscriptionStatus, "no subscriptions",
                new("client", s => Cut(s.ClientId, 26)), new("qos", s => Text(s.QoS), true), new("filter", s => s.Filter),
                new("options", s => string.Join(' ', new[] { s.NoLocal ? "no-local" : null, s.RetainAsPublished ? "as-published" : null, s.Connected ? null : "away" }.OfType<string>())));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata broker subscriptions --client panel-1", "strata broker subscriptions --filter 'plant/*'");
    }

    public static Command Retained()
    {
        var filter = new Option<string?>("--filter") { Description = "Only topics that this filter of MQTT matches.", HelpName = "FILTER" };
        var limit = Limit();
        var command = new Command("retained", "List the retained messages of a running broker, without their payloads.") { filter, limit };
        var control = new BrokerControlOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var broker = await control.ConnectAsync(parsed, cancellationToken);
            var items = await BrokerControlOptions.CollectAsync(parsed, parsed.GetValue(limit), (cursor, count) => broker.GetAsync(
                BrokerControlClient.Path("retained", ("filter", parsed.GetValue(filter)), ("cursor", cursor), ("limit", BrokerControlClient.Text(count))),
                InspectionJson.Default.InspectionPageRetainedStatus, cancellationToken));
            control.Writer(parsed).List(items, InspectionJson.Default.RetainedStatus, "no retained messages",
                new("topic", r => r.Topic), new("qos", r => Text(r.QoS), true), new("bytes", r => Text(r.PayloadBytes), true),
                new("expires in", r => r.ExpiresIn is { } seconds ? Span(seconds) : "", true));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata broker retained", "strata broker retained --filter 'plant/+/state'");
    }

    public static Command Disconnect()
    {
        var client = new Argument<string>("CLIENT") { Description = "The client id." };
        var command = new Command("disconnect", "End a client's connection (0x98); its session stays, and it may come again.") { client };
        var control = new BrokerControlOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var broker = await control.ConnectAsync(parsed, cancellationToken);
            var id = parsed.GetRequiredValue(client);
            var affected = await broker.SendAsync(HttpMethod.Post, BrokerControlClient.Path("disconnect", ("client", id)), InspectionJson.Default.AffectedClients, cancellationToken);
            if (affected.Clients == 0)
                throw new CliException(ExitCode.Failed, $"no client '{id}' is connected.");
            control.Writer(parsed).One(affected, InspectionJson.Default.AffectedClients, new Column<AffectedClients>("disconnected", a => Text(a.Clients)));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata broker disconnect sensor-1");
    }

    public static Command Level()
    {
        var level = new Argument<LogLevel>("LEVEL") { Description = "Trace, Debug, Information, Warning, Error, Critical or None." };
        var command = new Command("log-level", "Change from which level on a running broker logs, until it ends.") { level };
        var control = new BrokerControlOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var broker = await control.ConnectAsync(parsed, cancellationToken);
            var now = await broker.SendAsync(HttpMethod.Put, BrokerControlClient.Path("log-level", ("level", parsed.GetValue(level).ToString())), InspectionJson.Default.LogLevelStatus, cancellationToken);
            control.Writer(parsed).One(now, InspectionJson.Default.LogLevelStatus, new Column<LogLevelStatus>("log level", l => l.Level));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata broker log-level Debug");
    }

    /// <summary>What fits in 80 columns; the rest is in JSON and CSV.</summary>
    internal static Column<ClientStatus>[] Columns { get; } =
    [
        new("client", c => Cut(c.ClientId, 24)), new("state", State), new("in/s", c => Rate(c.RateIn), true), new("out/s", c => Rate(c.RateOut), true),
        new("queued", c => Text(c.Queued), true), new("lost", c => Text(c.LostMessages), true), new("dup", c => Text(c.DuplicatesIn + c.DuplicatesOut), true),
        new("ack ms", c => c.AckLatency is { } ack ? ack.Mean.ToString("0.0", CultureInfo.InvariantCulture) : "", true), new("subs", c => Text(c.Subscriptions), true),
    ];

    private static Column<ClientStatus>[] CsvColumns { get; } =
    [
        new("client", c => c.ClientId), new("namespace", c => c.Namespace), new("user", c => c.User ?? ""), new("address", c => c.Address ?? ""), new("version", c => c.Version ?? ""),
        new("connected", c => c.Connected ? "true" : "false"), new("slow", c => c.Slow ? "true" : "false"), new("subscriptions", c => Text(c.Subscriptions)),
        new("messages in", c => Text(c.MessagesIn)), new("messages out", c => Text(c.MessagesOut)), new("bytes in", c => Text(c.BytesIn)), new("bytes out", c => Text(c.BytesOut)),
        new("rate in", c => OutputWriter.Number(c.RateIn)), new("rate out", c => OutputWriter.Number(c.RateOut)), new("duplicates in", c => Text(c.DuplicatesIn)), new("duplicates out", c => Text(c.DuplicatesOut)),
        new("lost", c => Text(c.LostMessages)), new("queued", c => Text(c.Queued)), new("queued bytes", c => Text(c.QueuedBytes)), new("inflight", c => Text(c.Inflight)),
        new("ack ms", c => OutputWriter.Number(c.AckLatency?.Mean)), new("resume ms", c => OutputWriter.Number(c.ResumeLatency?.Last)),
    ];

    internal static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>In a terminal the text's beginning and end, where it is longer than the column: names often differ at their end.</summary>
    internal static string Cut(string text, int width) =>
        text.Length <= width || Console.IsOutputRedirected ? text : $"{text[..((width - 1) / 2)]}…{text[^(width / 2)..]}";

    internal static string Rate(double rate) => rate.ToString(rate < 10 && rate != 0 ? "0.0" : "0", CultureInfo.InvariantCulture);

    internal static string Span(double seconds) => seconds switch
    {
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s"),
        < 7200 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min"),
        < 172_800 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 86_400:0} d"),
    };

    private static string State(ClientStatus client) => client.Slow ? "slow" : client.Connected ? "here" : client.ExpiresIn is { } left ? $"away {Span(left)}" : "away";

    private static Option<string?> ClientOption() => new("--client") { Description = "Only this client id; * stands for any characters.", HelpName = "PATTERN" };

    internal static Option<int> Limit()
    {
        var limit = new Option<int>("--limit") { Description = "At most so many.", DefaultValueFactory = _ => 1000 };
        limit.Validators.Add(static result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError("--limit must be 1 or more.");
        });
        return limit;
    }
}
