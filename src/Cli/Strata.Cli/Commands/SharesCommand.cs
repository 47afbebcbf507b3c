using System.CommandLine;
using System.Globalization;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata shares</c>: what applications read of a tenant, metric by metric.</summary>
internal static class SharesCommand
{
    public static Command Create() => new("shares", "Shares: some metrics of some devices, for applications of this or another tenant.")
    {
        CreateCreate(), CreateList(), CreateReceived(), CreateToken(), CreateRevoke(),
    };

    private static Command CreateCreate()
    {
        var name = new Argument<string>("name") { Description = "Letters, digits and . _ : - ; part of its MQTT topics shared/NAME/..." };
        var metric = new Option<string[]>("--metric") { Description = "A metric that it shows; may be repeated.", Required = true };
        var site = new Option<string[]>("--site") { Description = "Only this place and all below; may be repeated. The whole tenant when neither place nor group is given." };
        var group = new Option<string[]>("--group") { Description = "Only the members of this group; may be repeated." };
        var to = new Option<string?>("--to") { Description = "The tenant whose applications get it; it makes their tokens itself." };
        var calls = new Option<int?>("--calls") { Description = "Requests a minute, of all its applications together; 600 unless given." };
        var readings = new Option<int?>("--readings") { Description = "Readings a second on live topics and streams, of all together; 1,000 unless given." };
        var expires = new Option<string?>("--expires") { Description = "How long it is good: 12h, 30d, 52w; until it is revoked when left out." };
        var command = new Command("create", "Let applications read some metrics.") { name, metric, site, group, to, calls, readings, expires };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var request = new CreateShare(
                parsed.GetValue(name)!, parsed.GetValue(metric)!, NullIfEmpty(parsed.GetValue(site)), NullIfEmpty(parsed.GetValue(group)), parsed.GetValue(to),
                parsed.GetValue(calls), parsed.GetValue(readings), TokensCommand.Validity(parsed.GetValue(expires)));
            var share = await node.Connect(parsed).CreateShareAsync(request, cancellationToken);
            var output = node.Writer(parsed);
            output.One(share, ContractsJson.Default.ShareInfo, Columns);
            output.Note(share.ToTenant is null
                ? $"Now make a token for each application: strata shares token {share.Name} --for APPLICATION"
                : $"The tenant {share.ToTenant} finds it by 'strata shares received' and makes its applications' tokens itself.");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(
            command, "strata shares create navigation --metric occupied --group on-street --to city-maps --calls 6000",
            "strata shares create enforcement --metric occupied --metric paid-until --site garage-1");
    }

    private static Command CreateList()
    {
        var command = new Command("list", "List what this tenant shares, and who reads by it.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var shares = await node.Connect(parsed).ListSharesAsync(cancellationToken);
            node.Writer(parsed).List(shares.Items, ContractsJson.Default.ShareInfo, "no shares; 'strata shares create NAME --metric METRIC' makes one", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata shares list --tenant acme");
    }

    private static Command CreateReceived()
    {
        var command = new Command("received", "List what other tenants let this one's applications read.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var shares = await node.Connect(parsed).ListReceivedSharesAsync(cancellationToken);
            node.Writer(parsed).List(shares.Items, ContractsJson.Default.ShareInfo, "no other tenant shares anything with this one", [new("of", s => s.Tenant), .. Columns]);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata shares received --tenant city-maps");
    }

    private static Command CreateToken()
    {
        var name = new Argument<string>("name") { Description = "The share's name." };
        var application = new Option<string>("--for") { Description = "The application that gets it; named in the audit trail.", Required = true };
        var of = new Option<string?>("--of") { Description = "The tenant whose data it is, for a share that was received." };
        var expires = new Option<string?>("--expires") { Description = "How long it is good: 12h, 30d, 52w; as long as the share when left out." };
        var command = new Command("token", "Make a token for an application. It is shown once.") { name, application, of, expires };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var request = new CreateShareToken(parsed.GetValue(application)!, TokensCommand.Validity(parsed.GetValue(expires)));
            var created = await node.Connect(parsed).CreateShareTokenAsync(parsed.GetValue(name)!, request, parsed.GetValue(of), cancellationToken);
            var output = node.Writer(parsed);
            output.One(created, ContractsJson.Default.CreatedToken,
                new("token", t => t.Token), new("id", t => t.Id), new("for", t => t.Name), new("expires", t => t.Expires is null ? "never" : OutputWriter.Time(t.Expires)));
            output.Note($"Keep the token now: it is not shown again. HTTP: Authorization: Bearer TOKEN; MQTT: user name app, password TOKEN, topics shared/{parsed.GetValue(name)}/#.");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(
            command, "strata shares token enforcement --for 'handhelds' --tenant garage", "strata shares token navigation --of garage --for 'route planner' --tenant city-maps");
    }

    private static Command CreateRevoke()
    {
        var name = new Argument<string>("name") { Description = "The share's name." };
        var token = new Option<string?>("--token") { Description = "Only this token of it, by its id." };
        var of = new Option<string?>("--of") { Description = "The tenant whose data it is, to end an own token of a share that was received." };
        var command = new Command("revoke", "End a share, or one token of it, at once, with what was opened with it.") { name, token, of };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (share, id, owner) = (parsed.GetValue(name)!, parsed.GetValue(token), parsed.GetValue(of));
            if (id is null && owner is not null)
                throw new CliException(ExitCode.Usage, "--of goes with --token: a share is ended by the tenant whose data it is.");
            var client = node.Connect(parsed);
            await (id is null ? client.RevokeShareAsync(share, cancellationToken) : client.RevokeShareTokenAsync(share, id, owner, cancellationToken));
            node.Writer(parsed).Note(id is null ? $"the share {share} has ended" : "the token is revoked");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata shares revoke navigation", "strata shares revoke navigation --token ab12cd34ef");
    }

    private static Column<ShareInfo>[] Columns =>
    [
        new("name", s => s.Name), new("metrics", s => string.Join(' ', s.Metrics)), new("where", Where), new("to", s => s.ToTenant ?? ""),
        new("calls/min", s => s.CallsPerMinute.ToString(CultureInfo.InvariantCulture)), new("readings/s", s => s.ReadingsPerSecond.ToString(CultureInfo.InvariantCulture)),
        new("left out", s => s.LeftOut.ToString(CultureInfo.InvariantCulture)), new("expires", s => s.Expires is null ? "never" : OutputWriter.Time(s.Expires)),
        new("read by", s => string.Join(", ", s.Tokens.Select(t => $"{t.Application} ({t.Id})"))),
    ];

    private static string Where(ShareInfo share)
    {
        var places = (share.Sites ?? []).Concat((share.Groups ?? []).Select(g => $"group {g}")).ToList();
        return places.Count == 0 ? "the whole tenant" : string.Join(", ", places);
    }

    private static string[]? NullIfEmpty(string[]? values) => values is { Length: > 0 } ? values : null;
}
