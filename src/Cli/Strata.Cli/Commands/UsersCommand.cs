using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata users</c>: the people of a tenant.</summary>
internal static class UsersCommand
{
    public static Command Create() => new("users", "People of a tenant: invite, change, disable, sessions, new passwords.")
    {
        CreateList(), CreateInvite(), CreateWithdraw(), CreateSwitch("disable", false), CreateSwitch("enable", true), CreateRoles(), CreateSessions(), CreateReset(), CreateRemoveSecondFactor(),
    };

    private static Command CreateList()
    {
        var command = new Command("list", "List users and invitations that wait.");
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListUsersAsync(cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.UserInfo, "no users; 'strata users invite EMAIL --role viewer' makes a link for one", [.. Columns, new("invitation", u => u.Id ?? ""), new("expires", u => OutputWriter.Time(u.Expires)), new("mail", Mail)]);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata users list --tenant acme");
    }

    private static Command CreateInvite()
    {
        var (role, site, group) = GrantOptions();
        var show = ShowLink();
        return About("invite", "Make a link by which somebody joins the tenant. It is sent by e-mail, or shown once where the node has no mail server, and opens once.", "strata users invite ada@example.com --role viewer --site hq/floor-1 --tenant acme",
            async (parsed, node, email, token) => WriteLink(parsed, node, await node.Connect(parsed).InviteUserAsync(new InviteUser(email, [Grant(parsed, role, site, group)], parsed.GetValue(show)), token)), role, site, group, show);
    }

    private static Command CreateWithdraw()
    {
        var id = new Argument<string>("id") { Description = "The invitation's id, from 'strata users list'." };
        var command = new Command("withdraw", "Withdraw an invitation or a link for a new password.") { id };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed).WithdrawInvitationAsync(parsed.GetValue(id)!, cancellationToken);
            node.Writer(parsed).Note("the invitation is withdrawn");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata users withdraw 0a1b2c3d4e5f --tenant acme");
    }

    private static Command CreateSwitch(string verb, bool enabled) => About(
        verb, enabled ? "Let a disabled user into the tenant again." : "Let a user into the tenant no more, at once; what was granted stays.", $"strata users {verb} ada@example.com --tenant acme",
        async (parsed, node, email, token) => WriteUser(parsed, node, await node.Connect(parsed).ChangeUserAsync(email, new ChangeUser(enabled), token)));

    private static Command CreateRoles()
    {
        var (role, site, group) = GrantOptions();
        return About("roles", "Say what a user may do in the tenant, in place of what he may do now.", "strata users roles ada@example.com --role operator --site hq --tenant acme",
            async (parsed, node, email, token) => WriteUser(parsed, node, await node.Connect(parsed).ChangeUserAsync(email, new ChangeUser(null, [Grant(parsed, role, site, group)]), token)), role, site, group);
    }

    private static Command CreateSessions()
    {
        var end = new Option<string?>("--end") { Description = "End the session of this id at once, or 'all'." };
        return About("sessions", "List a user's sessions in the tenant, or end them.", "strata users sessions ada@example.com --tenant acme", async (parsed, node, email, token) =>
        {
            var client = node.Connect(parsed);
            if (parsed.GetValue(end) is { } id)
            {
                await client.EndUserSessionsAsync(email, id == "all" ? null : id, token);
                node.Writer(parsed).Note(id == "all" ? "the sessions are ended" : "the session is ended");
                return;
            }
            node.Writer(parsed).List((await client.ListUserSessionsAsync(email, token)).Items, ContractsJson.Default.SessionInfo, "no sessions",
                new("id", s => s.Id), new("created", s => OutputWriter.Time(s.Created)), new("last seen", s => OutputWriter.Time(s.LastSeen)), new("address", s => s.Address), new("agent", s => s.Agent));
        }, end);
    }

    private static Command CreateReset()
    {
        var show = ShowLink();
        return About(
            "reset-password", "Make a link by which a user chooses a new password. It is sent by e-mail, or shown once where the node has no mail server, and opens once; his sessions end then.",
            "strata users reset-password ada@example.com --tenant acme",
            async (parsed, node, email, token) => WriteLink(parsed, node, await node.Connect(parsed).ResetPasswordAsync(email, parsed.GetValue(show), token)), show);
    }

    private static Option<bool> ShowLink() => new("--show-link") { Description = "Show the link and send no mail." };

    private static Command CreateRemoveSecondFactor() => About(
        "remove-second-factor", "Switch off the second factor of a user who has lost it, recovery codes and all.", "strata users remove-second-factor ada@example.com --tenant acme",
        async (parsed, node, email, token) =>
        {
            await node.Connect(parsed).RemoveSecondFactorAsync(email, token);
            node.Writer(parsed).Note($"{email} signs in with the password alone now");
        });

    private static Command About(string verb, string description, string example, Func<ParseResult, NodeOptions, string, CancellationToken, Task> act, params Option[] options)
    {
        var email = new Argument<string>("email") { Description = "The user's e-mail address." };
        var command = new Command(verb, description) { email };
        foreach (var option in options)
            command.Options.Add(option);
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await act(parsed, node, parsed.GetValue(email)!, cancellationToken);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, example);
    }

    private static (Option<string> Role, Option<string[]> Site, Option<string[]> Group) GrantOptions() => (
        new("--role") { Description = "viewer, operator, installer, tenant-admin, platform-owner or a role of the tenant's own.", Required = true },
        new("--site") { Description = "Only this place and all below; may be repeated. The whole tenant when neither place nor group is given." },
        new("--group") { Description = "Only the members of this group; may be repeated." });

    private static GrantInfo Grant(ParseResult parsed, Option<string> role, Option<string[]> site, Option<string[]> group) =>
        new(parsed.GetValue(role)!, parsed.GetValue(site) is { Length: > 0 } sites ? sites : null, parsed.GetValue(group) is { Length: > 0 } groups ? groups : null);

    private static void WriteLink(ParseResult parsed, NodeOptions node, PersonalLink link)
    {
        node.Writer(parsed).One(link, ContractsJson.Default.PersonalLink, new("url", l => l.Url ?? "(by e-mail)"), new("e-mail", l => l.Email), new("id", l => l.Id), new("expires", l => OutputWriter.Time(l.Expires)));
        node.Writer(parsed).Note(link.Mailed ? $"The link is on its way to {link.Email}; 'strata users list' shows what became of the mail." : "Give the link to that person only: it is not shown again, and opens once.");
    }

    private static void WriteUser(ParseResult parsed, NodeOptions node, UserInfo user) => node.Writer(parsed).One(user, ContractsJson.Default.UserInfo, Columns);

    private static string Mail(UserInfo user) => user.MailProblem is { } problem ? $"{user.Mail}: {problem}" : user.Mail ?? "";

    private static Column<UserInfo>[] Columns =>
    [
        new("e-mail", u => u.Email), new("name", u => u.Name ?? ""), new("state", u => u.State), new("may", u => string.Join("; ", u.Grants.Select(TokensCommand.Describe))),
        new("second factor", u => u.SecondFactor ? "yes" : ""), new("since", u => OutputWriter.Time(u.Created)),
    ];
}
