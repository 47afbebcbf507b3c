using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata roles</c>: what somebody may do, by name.</summary>
internal static class RolesCommand
{
    public static Command Create() => new("roles", "Roles: the built-in ones, and a tenant's own made of permissions.") { CreateList(), CreateCreate(), CreateDelete() };

    private static Command CreateList()
    {
        var command = new Command("list", "List the roles and what they hold.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var roles = await node.Connect(parsed).ListRolesAsync(cancellationToken);
            node.Writer(parsed).List(roles.Items, ContractsJson.Default.RoleInfo, "no roles", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata roles list --tenant acme");
    }

    private static Command CreateCreate()
    {
        var name = new Argument<string>("name") { Description = "Letters, digits and . _ : - ; at most 64." };
        var permission = new Option<string[]>("--permission") { Description = "A permission, for example readings.read; may be repeated.", Required = true };
        var command = new Command("create", "Make a role of permissions.") { name, permission };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var role = await node.Connect(parsed).CreateRoleAsync(new CreateRole(parsed.GetValue(name)!, parsed.GetValue(permission)!), cancellationToken);
            node.Writer(parsed).One(role, ContractsJson.Default.RoleInfo, Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata roles create energy-analyst --permission readings.read --permission sites.read");
    }

    private static Command CreateDelete()
    {
        var name = new Argument<string>("name") { Description = "The role's name." };
        var command = new Command("delete", "Remove a role that nobody has.") { name };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed).DeleteRoleAsync(parsed.GetValue(name)!, cancellationToken);
            node.Writer(parsed).Note($"{parsed.GetValue(name)} is removed");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata roles delete energy-analyst");
    }

    private static Column<RoleInfo>[] Columns =>
        [new("name", r => r.Name), new("kind", r => r.BuiltIn ? "built in" : "own"), new("permissions", r => string.Join(' ', r.Permissions))];
}
