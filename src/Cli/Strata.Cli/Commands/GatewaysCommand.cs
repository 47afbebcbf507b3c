using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata gateways</c>.</summary>
internal static class GatewaysCommand
{
    public static Command Create() => new("gateways", "Fog gateways: their links, backlogs and gaps.")
    {
        CreateList(), CreateShow(), CreateToken(), CreateGaps(),
    };

    private static Command CreateList()
    {
        var command = new Command("list", "List the gateways.");
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListGatewaysAsync(null, cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.GatewayInfo, "no gateways yet; 'strata gateways token' makes a token with which one joins",
                new("id", g => g.Id), new("site", g => g.Site), new("state", g => g.State), new("devices", g => g.Devices.ToString(), true),
                new("backlog", g => g.Backlog.ToString(), true), new("gaps", g => g.Gaps.ToString(), true), new("last seen", g => OutputWriter.Time(g.LastSeen)));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata gateways list");
    }

    private static Command CreateShow()
    {
        var id = new Argument<string>("id") { Description = "The gateway's id." };
        var command = new Command("show", "Show one gateway.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var gateway = await node.Connect(parsed).GetGatewayAsync(parsed.GetValue(id)!, cancellationToken);
            node.Writer(parsed).One(gateway, ContractsJson.Default.GatewayInfo,
                new("id", g => g.Id), new("site", g => g.Site), new("state", g => g.State), new("last seen", g => OutputWriter.Time(g.LastSeen)),
                new("link since", g => OutputWriter.Time(g.LinkSince)), new("round trip ms", g => OutputWriter.Number(g.RoundTripMs)),
                new("version", g => g.Version ?? ""), new("mqtt", g => g.Mqtt ?? ""), new("http", g => g.Http ?? ""), new("parent", g => g.Parent ?? "cloud"),
                new("share of its capacity", g => g.Share is { } share ? $"{share:0.##} %" : "all"), new("devices", g => g.Devices.ToString()), new("backlog entries", g => g.Backlog.ToString()), new("backlog bytes", g => g.BacklogBytes.ToString()),
                new("backlog since", g => OutputWriter.Time(g.BacklogSince)), new("gaps", g => g.Gaps.ToString()), new("lost readings", g => g.LostReadings.ToString()),
                new("uplink", g => string.Join(", ", g.Uplink.Select(p => $"{p.Key}: {p.Value}"))));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata gateways show gw-hq");
    }

    private static Command CreateToken()
    {
        var site = new Option<string?>("--site") { Description = "The place whose gateway may join with it; any place when left out." };
        var hours = new Option<double>("--valid-hours") { Description = "How long it is valid.", DefaultValueFactory = _ => 24 };
        var uses = new Option<int>("--uses") { Description = "How many gateways may join with it.", DefaultValueFactory = _ => 1 };
        var command = new Command("token", "Make a token with which a gateway joins. It is shown once.") { site, hours, uses };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var request = new CreateJoinToken(parsed.GetValue(site), TimeSpan.FromHours(parsed.GetValue(hours)), parsed.GetValue(uses));
            var token = await node.Connect(parsed).CreateJoinTokenAsync(request, cancellationToken);
            node.Writer(parsed).One(token, ContractsJson.Default.JoinToken,
                new("token", t => t.Token), new("site", t => t.Site ?? "any"), new("expires", t => OutputWriter.Time(t.Expires)));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata gateways token --site hq -o json");
    }

    private static Command CreateGaps()
    {
        var gateway = new Option<string?>("--gateway") { Description = "Only this gateway's." };
        var command = new Command("gaps", "List what was lost: entries that will never arrive, and why.") { gateway };
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListGapsAsync(parsed.GetValue(gateway), cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.GapInfo, "no gaps: nothing was lost",
                new("recorded", g => OutputWriter.Time(g.Recorded)), new("source", g => g.Source), new("first", g => g.First.ToString(), true),
                new("last", g => g.Last.ToString(), true), new("readings", g => g.Readings.ToString(), true), new("reason", g => g.Reason),
                new("from", g => OutputWriter.Time(g.From)), new("to", g => OutputWriter.Time(g.To)));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata gateways gaps --gateway gw-hq");
    }
}
