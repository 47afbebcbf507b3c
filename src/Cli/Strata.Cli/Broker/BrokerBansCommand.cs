using System.CommandLine;
using System.Globalization;
using Strata.Cli.Output;
using Strata.Mqtt.Inspection;

namespace Strata.Cli.Broker;

/// <summary><c>strata broker bans list|add|remove</c>: who may not connect to a running broker.</summary>
internal static class BrokerBansCommand
{
    private static Column<BanStatus>[] Columns { get; } =
    [
        new("kind", b => b.Kind), new("value", b => b.Value), new("until", b => b.Until?.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? ""),
    ];

    public static Command Create() => new("bans", "Who may not connect to a running broker. What is banned here is until the broker ends at the longest; --bans FILE keeps bans.")
    {
        List(), Add(), Remove(),
    };

    private static Command List()
    {
        var limit = BrokerInspectionCommands.Limit();
        var command = new Command("list", "List the bans in force.") { limit };
        var control = new BrokerControlOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var broker = await control.ConnectAsync(parsed, cancellationToken);
            var items = await BrokerControlOptions.CollectAsync(parsed, parsed.GetValue(limit), (cursor, count) => broker.GetAsync(
                BrokerControlClient.Path("bans", ("cursor", cursor), ("limit", BrokerControlClient.Text(count))), InspectionJson.Default.InspectionPageBanStatus, cancellationToken));
            control.Writer(parsed).List(items, InspectionJson.Default.BanStatus, "no bans", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata broker bans list", "strata broker bans list --data ./cloud --json");
    }

    private static Command Add()
    {
        var (kind, value) = (Kind(), Value());
        var hold = new Option<string?>("--for") { Description = "How long: a number and s, m, h or d. Default: until it is taken back or the broker ends.", HelpName = "TIME" };
        var command = new Command("add", "Ban a client id, a user or an address. Who is connected is sent away (0x98), who comes is refused (0x8A; an address is closed unanswered).") { kind, value, hold };
        var control = new BrokerControlOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var until = parsed.GetValue(hold) is { } text ? (TimeProvider.System.GetUtcNow() + Span(text)).ToString("O", CultureInfo.InvariantCulture) : null;
            using var broker = await control.ConnectAsync(parsed, cancellationToken);
            var ban = await broker.SendAsync(
                HttpMethod.Post, BrokerControlClient.Path("bans", ("kind", parsed.GetRequiredValue(kind)), ("value", parsed.GetRequiredValue(value)), ("until", until)),
                InspectionJson.Default.BanStatus, cancellationToken);
            control.Writer(parsed).One(ban, InspectionJson.Default.BanStatus, Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata broker bans add client sensor-1 --for 1h", "strata broker bans add address 203.0.113.0/24", "strata broker bans add user ada --for 7d");
    }

    private static Command Remove()
    {
        var (kind, value) = (Kind(), Value());
        var command = new Command("remove", "Take a ban back. One of the file of --bans comes again when that file changes.") { kind, value };
        var control = new BrokerControlOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var broker = await control.ConnectAsync(parsed, cancellationToken);
            var (what, who) = (parsed.GetRequiredValue(kind), parsed.GetRequiredValue(value));
            var affected = await broker.SendAsync(HttpMethod.Delete, BrokerControlClient.Path("bans", ("kind", what), ("value", who)), InspectionJson.Default.AffectedBans, cancellationToken);
            if (affected.Bans == 0)
                throw new CliException(ExitCode.Failed, $"there is no ban of {what} '{who}'; 'strata broker bans list' shows those in force.");
            control.Writer(parsed).One(affected, InspectionJson.Default.AffectedBans, new Column<AffectedBans>("removed", a => BrokerInspectionCommands.Text(a.Bans)));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata broker bans remove client sensor-1");
    }

    /// <exception cref="CliException">It is no length of time.</exception>
    private static TimeSpan Span(string text)
    {
        var unit = text.Length > 0 ? text[^1] switch { 's' => 1L, 'm' => 60, 'h' => 3600, 'd' => 86_400, _ => 0 } : 0;
        return unit > 0 && long.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0 && count <= 3660L * 86_400 / unit
            ? TimeSpan.FromSeconds(count * unit)
            : throw new CliException(ExitCode.Usage, $"--for: '{text}' is no length of time; use a number and s, m, h or d, as 30m, 12h or 7d, at most 3660d.");
    }

    private static Argument<string> Kind()
    {
        var kind = new Argument<string>("KIND") { Description = "client, user or address." };
        kind.AcceptOnlyFromAmong("client", "user", "address");
        return kind;
    }

    private static Argument<string> Value() => new("VALUE") { Description = "The client id, the user's name, or ADDR or ADDR/BITS." };
}
