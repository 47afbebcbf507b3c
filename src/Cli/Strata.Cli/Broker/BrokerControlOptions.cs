using System.CommandLine;
using Strata.Cli.Output;
using Strata.Mqtt.Broker;
using Strata.Mqtt.Inspection;

namespace Strata.Cli.Broker;

/// <summary>The options by which a verb finds the running broker, and the form of its output.</summary>
internal sealed class BrokerControlOptions
{
    private readonly Option<string?> control = new("--control") { Description = "The broker's control socket; needed only where several run.", HelpName = "PATH" };
    private readonly Option<string?> data = new("--data") { Description = "The data directory of a broker, or of a cloud node or gateway, on this machine: how to reach it is there.", HelpName = "DIR" };
    private readonly Option<string?> url = new("--url") { Description = "The address of a cloud node or gateway, for example http://127.0.0.1:8080, to look into its MQTT engine.", HelpName = "URL" };
    private readonly Option<string?> tokenFile = new("--token-file") { Description = "With --url: the file that holds an administrator's token (or STRATA_TOKEN, the token itself).", HelpName = "FILE" };
    private readonly Option<string> output = new("--output", "-o") { Description = "table, json or csv.", DefaultValueFactory = _ => "table" };
    private readonly Option<bool> json = new("--json") { Description = "The same as --output json." };

    public BrokerControlOptions(Command command)
    {
        output.AcceptOnlyFromAmong("table", "json", "csv");
        command.Options.Add(control);
        command.Options.Add(data);
        command.Options.Add(url);
        command.Options.Add(tokenFile);
        command.Options.Add(output);
        command.Options.Add(json);
    }

    public OutputWriter Writer(ParseResult parsed) => new(
        parsed.GetValue(json) ? OutputFormat.Json : Enum.Parse<OutputFormat>(parsed.GetValue(output)!, ignoreCase: true), parsed.InvocationConfiguration.Output);

    /// <summary>The broker that is named, or the only one of this user that runs.</summary>
    /// <exception cref="CliException">None runs, or several.</exception>
    public async Task<BrokerControlClient> ConnectAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(control) is { } path)
            return BrokerControlClient.OfSocket(path);
        if (parsed.GetValue(url) is { } address)
            return BrokerControlClient.OfNode(NodeOptions.Address(address), Token(parsed));
        if (parsed.GetValue(data) is { } directory)
            return OfDirectory(directory);
        return ControlSocket.Running() switch
        {
            [] => throw new CliException(ExitCode.Unreachable, "no broker of this user runs; 'strata broker' starts one, --control PATH names another's socket, --url or --data a cloud node or gateway."),
            [var only] => BrokerControlClient.OfSocket(only),
            var several => throw new CliException(ExitCode.Usage, $"{several.Count} brokers run, give --control PATH of one of them:{await DescribeAsync(several, cancellationToken)}"),
        };
    }

    private string? Token(ParseResult parsed) => parsed.GetValue(tokenFile) is { } file ? NodeOptions.ReadToken(file) : Environment.GetEnvironmentVariable("STRATA_TOKEN");

    /// <summary>A node says where it is in its folder; a broker has its socket there.</summary>
    private static BrokerControlClient OfDirectory(string directory) => File.Exists(Path.Combine(directory, NodeOptions.NodeFile))
        ? BrokerControlClient.OfNode(NodeOptions.Address(NodeOptions.ReadAddress(directory)), NodeOptions.ReadToken(Path.Combine(directory, NodeOptions.TokenFile)))
        : BrokerControlClient.OfSocket(Path.Combine(directory, ControlSocket.FileName));

    private static async Task<string> DescribeAsync(IReadOnlyList<string> sockets, CancellationToken cancellationToken)
    {
        var lines = "";
        foreach (var socket in sockets)
        {
            using var client = BrokerControlClient.OfSocket(socket);
            try
            {
                var status = await client.StatusAsync(cancellationToken);
                lines += $"\n  {socket}  {string.Join(' ', status.Endpoints.Select(static e => $"{e.Key}={e.Value}"))}, {status.Connected} clients";
            }
            catch (CliException e)
            {
                lines += $"\n  {socket}  {e.Message}";
            }
        }

        return lines;
    }

    /// <summary>Reads pages until the limit or the end; says on standard error when there is more.</summary>
    public static async Task<IReadOnlyList<T>> CollectAsync<T>(ParseResult parsed, int wanted, Func<string?, int, Task<InspectionPage<T>>> page)
    {
        var items = new List<T>();
        string? cursor = null;
        do
        {
            var next = await page(cursor, Math.Min(MqttInspection.MaxPage, wanted - items.Count));
            items.AddRange(next.Items);
            cursor = next.Next;
        }
        while (cursor is not null && items.Count < wanted);
        if (cursor is not null)
            await parsed.InvocationConfiguration.Error.WriteLineAsync($"strata: there are more than {wanted}; raise --limit to see them, or narrow the list.");
        return items;
    }
}
