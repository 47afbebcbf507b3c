using System.CommandLine;
using System.Globalization;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata tokens</c>: what programs authenticate with.</summary>
internal static class TokensCommand
{
    public static Command Create() => new("tokens", "API tokens of programs: create, list, revoke.") { CreateCreate(), CreateList(), CreateRevoke() };

    private static Command CreateCreate()
    {
        var role = new Option<string>("--role") { Description = "viewer, operator, installer, tenant-admin, platform-owner or a role of the tenant's own.", Required = true };
        var site = new Option<string[]>("--site") { Description = "Only this place and all below; may be repeated. The whole tenant when neither place nor group is given." };
        var group = new Option<string[]>("--group") { Description = "Only the members of this group; may be repeated." };
        var expires = new Option<string?>("--expires") { Description = "How long it is good: 12h, 30d, 52w; until it is revoked when left out." };
        var name = new Option<string?>("--name") { Description = "What it is for; named in the audit trail." };
        var command = new Command("create", "Create a token. It is shown once.") { role, site, group, expires, name };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var grant = new GrantInfo(parsed.GetValue(role)!, NullIfEmpty(parsed.GetValue(site)), NullIfEmpty(parsed.GetValue(group)));
            var request = new CreateToken([grant], parsed.GetValue(name), Validity(parsed.GetValue(expires)));
            var created = await node.Connect(parsed).CreateTokenAsync(request, cancellationToken);
            var output = node.Writer(parsed);
            output.One(created, ContractsJson.Default.CreatedToken,
                new("token", t => t.Token), new("id", t => t.Id), new("name", t => t.Name), new("expires", t => t.Expires is null ? "never" : OutputWriter.Time(t.Expires)));
            output.Note("Keep the token now: it is not shown again. HTTP: Authorization: Bearer TOKEN; MQTT: user name app, password TOKEN; strata: STRATA_TOKEN or --token-file.");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(
            command, "strata tokens create --tenant acme --role viewer -o json", "strata tokens create --tenant acme --role operator --site hq/floor-1 --expires 30d");
    }

    private static Command CreateList()
    {
        var search = new Option<string?>("--search") { Description = "The beginning of a token or its id, or part of its name." };
        var command = new Command("list", "List the tokens, without their secrets.") { search };
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListTokensAsync(parsed.GetValue(search), cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.TokenInfo, "no tokens; 'strata tokens create --role viewer' makes one",
                new("id", t => t.Id), new("name", t => t.Name), new("may", t => string.Join("; ", t.Grants.Select(Describe))), new("created", t => OutputWriter.Time(t.Created)),
                new("by", t => t.CreatedBy), new("expires", t => t.Expires is null ? "never" : OutputWriter.Time(t.Expires)),
                new("last used", t => t.LastUsed is null ? "never" : OutputWriter.Time(t.LastUsed)));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata tokens list --tenant acme", "strata tokens list --search strata_ab12");
    }

    private static Command CreateRevoke()
    {
        var id = new Argument<string>("id") { Description = "The token's id, or the token." };
        var command = new Command("revoke", "End a token at once, with what was opened with it.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed).RevokeTokenAsync(parsed.GetValue(id)!, cancellationToken);
            node.Writer(parsed).Note("the token is revoked");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata tokens revoke ab12cd34ef --tenant acme");
    }

    internal static string Describe(GrantInfo grant)
    {
        var where = (grant.Sites ?? []).Concat((grant.Groups ?? []).Select(g => $"group {g}")).ToList();
        return where.Count == 0 ? grant.Role : $"{grant.Role} in {string.Join(", ", where)}";
    }

    private static string[]? NullIfEmpty(string[]? values) => values is { Length: > 0 } ? values : null;

    internal static TimeSpan? Validity(string? text, string option = "--expires")
    {
        if (text is null)
            return null;
        double? days = text.Length > 1 && double.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count) && count is > 0 and < 1_000_000
            ? text[^1] switch { 's' => count / 86_400, 'm' => count / 1_440, 'h' => count / 24, 'd' => count, 'w' => count * 7, _ => null }
            : null;
        return days is { } valid ? TimeSpan.FromDays(valid) : throw new CliException(ExitCode.Usage, $"{option} is '{text}'; it takes a number and s, m, h, d or w, for example 30d.");
    }
}
