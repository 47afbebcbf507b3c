using System.CommandLine;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata sign-in</c>: how people sign in to a tenant.</summary>
internal static class SignInCommand
{
    public static Command Create() => new("sign-in", "How people sign in to a tenant: second factor, OpenID Connect provider.") { CreateShow(), CreateRequire(), CreateProvider(), CreateRemoveProvider() };

    private static Command CreateShow() => About(new Command("show", "Show how people sign in to the tenant."), "strata sign-in show --tenant acme", (_, client, token) => client.GetSignInRulesAsync(token));

    private static Command CreateRequire()
    {
        var state = new Argument<string>("state") { Description = "on or off." };
        state.AcceptOnlyFromAmong("on", "off");
        return About(
            new Command("require-second-factor", "Let nobody in with a password alone, or do so again. Who has no second factor sets one up at the next sign-in; sessions without one end.") { state },
            "strata sign-in require-second-factor on --tenant acme",
            (parsed, client, token) => client.ChangeSignInRulesAsync(new ChangeSignInRules(parsed.GetValue(state) == "on"), token));
    }

    private static Command CreateProvider()
    {
        var issuer = new Option<string>("--issuer") { Description = "The provider's address, as it says it itself.", Required = true, HelpName = "URL" };
        var client = new Option<string>("--client-id") { Description = "What the provider calls this installation.", Required = true };
        var secret = new Option<string?>("--client-secret-file") { Description = "File that holds the client secret; it is kept encrypted. That of before stays when it is left out.", HelpName = "FILE" };
        var groups = new Option<string[]>("--group") { Description = "What members of a group may do; may be repeated. Who is in none has no access.", Required = true, HelpName = "GROUP=ROLE[@SITE,SITE]" };
        var label = new Option<string?>("--label") { Description = "What the sign-in page calls it; its host when left out." };
        var claim = new Option<string?>("--groups-claim") { Description = "The claim that names a person's groups; 'groups' when left out." };
        return About(
            new Command("provider", "Let people of the tenant sign in by its OpenID Connect provider. For the platform's owner.") { issuer, client, secret, groups, label, claim },
            "strata sign-in provider --issuer https://login.acme.example --client-id strata --client-secret-file ./secret --group admins=tenant-admin --group staff=viewer@hq --tenant acme",
            async (parsed, node, token) =>
            {
                var kept = parsed.GetValue(secret) is { } file ? NodeOptions.ReadToken(file) : null;
                await node.SetSignInProviderAsync(
                    new SetSignInProvider(parsed.GetValue(issuer)!, parsed.GetValue(client)!, [.. parsed.GetValue(groups)!.Select(Group)], kept, parsed.GetValue(label), parsed.GetValue(claim)), token);
                return await node.GetSignInRulesAsync(token);
            });
    }

    private static Command CreateRemoveProvider() => About(
        new Command("remove-provider", "Take the tenant's provider away; nobody signs in by it any more, and sessions that it opened end."), "strata sign-in remove-provider --tenant acme",
        async (_, client, token) =>
        {
            await client.RemoveSignInProviderAsync(token);
            return await client.GetSignInRulesAsync(token);
        });

    /// <exception cref="CliException">It is not of this form.</exception>
    private static GroupGrant Group(string text)
    {
        var equals = text.LastIndexOf('=');
        if (equals < 1 || equals == text.Length - 1)
            throw new CliException(ExitCode.Usage, $"--group: '{text}' is not GROUP=ROLE or GROUP=ROLE@SITE,SITE, for example staff=viewer@hq.");
        var (role, at) = (text[(equals + 1)..], text.IndexOf('@', equals));
        return new GroupGrant(text[..equals], at < 0 ? new GrantInfo(role) : new GrantInfo(text[(equals + 1)..at], text[(at + 1)..].Split(',')));
    }

    private static Command About(Command command, string example, Func<ParseResult, StrataClient, CancellationToken, Task<SignInRulesInfo>> act)
    {
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var rules = await act(parsed, node.Connect(parsed), cancellationToken);
            node.Writer(parsed).One(
                rules, ContractsJson.Default.SignInRulesInfo, new("second factor", r => r.RequireSecondFactor ? "required" : "as each wishes"), new("provider", r => r.Provider?.Issuer ?? "none"),
                new("client", r => r.Provider?.ClientId ?? ""), new("groups", r => string.Join("; ", r.Provider?.Groups.Select(g => $"{g.Group}: {TokensCommand.Describe(g.Grant)}") ?? [])),
                new("redirect URI", r => r.Provider?.RedirectUri ?? ""));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, example);
    }
}
