using System.CommandLine;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;
using Strata.Core.Tenancy;

namespace Strata.Cli.Commands;

/// <summary><c>strata tenants</c>: the organisations on the installation; for the platform's owner.</summary>
internal static class TenantsCommand
{
    public static Command Create() => new("tenants", "Tenants: create, rename, disable and delete organisations. For the platform's owner.")
    {
        CreateList(), CreateShow(), CreateCreate(), CreateRename(), CreateSwitch("disable", false), CreateSwitch("enable", true), CreateDelete(), TenantsAdviseCommand.Create(),
        TenantIsolationCommands.CreateShow(), TenantIsolationCommands.CreateMove(), TenantIsolationCommands.CreateRenewKey(), TenantIsolationCommands.CreateRotate(),
        TenantArchiveCommands.CreateExport(), TenantArchiveCommands.CreateImport(),
    };

    private static Command CreateList()
    {
        var command = new Command("list", "List the tenants.");
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListTenantsAsync(cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.TenantInfo, "no tenants", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata tenants list");
    }

    private static Command CreateShow() => About("show", "Show one tenant.", (client, id, token) => client.GetTenantAsync(id, token));

    private static Command CreateCreate()
    {
        var name = new Argument<string>("name") { Description = "Its name; the id follows from it." };
        var command = new Command("create", "Create a tenant. Prints a link that lets its administrator in once.") { name };
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var created = await node.Connect(parsed).CreateTenantAsync(new CreateTenant(parsed.GetValue(name)!), cancellationToken);
            node.Writer(parsed).One(created, ContractsJson.Default.CreatedTenant, new("id", t => t.Id), new("admin link", t => t.AdminLink));
            node.Writer(parsed).Note($"The link opens once, within ten minutes; a new one: strata cloud link --tenant {created.Id}");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata tenants create acme -o json");
    }

    private static Command CreateRename()
    {
        var name = new Option<string>("--name") { Description = "The new name; the id stays.", Required = true };
        return About("rename", "Give a tenant another name.", (parsed, client, id, token) => client.ChangeTenantAsync(id, new ChangeTenant(parsed.GetValue(name)!), token), name);
    }

    private static Command CreateSwitch(string verb, bool enabled) => About(
        verb, enabled ? "Let a disabled tenant in again." : "Let nobody of a tenant in; what it has stays.",
        (client, id, token) => client.ChangeTenantAsync(id, new ChangeTenant(null, enabled), token));

    private static Command CreateDelete()
    {
        var id = IdArgument();
        var shred = new Option<bool>("--shred")
        {
            Description = "Delete it with everything it has, and destroy its keys so that copies of the database cannot be opened either; for encrypted and dedicated tenants. Its audit trail goes too.",
        };
        var purge = new Option<bool>("--purge")
        {
            Description = "Delete a disabled tenant with everything it has, also one without a key, of which copies of the database can be read on; for one that was moved to another installation.",
        };
        var command = new Command("delete", "Delete a tenant that has nothing any more. Its audit trail stays.") { id, shred, purge };
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var tenant = Id(parsed.GetValue(id)!);
            var client = node.Connect(parsed);
            await (parsed.GetValue(purge) ? client.PurgeTenantAsync(tenant, cancellationToken)
                : parsed.GetValue(shred) ? client.ShredTenantAsync(tenant, cancellationToken) : client.DeleteTenantAsync(tenant, cancellationToken));
            node.Writer(parsed).Note(parsed.GetValue(purge) ? $"{tenant} is removed" : parsed.GetValue(shred) ? $"{tenant} is shredded" : $"{tenant} is deleted");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata tenants delete acme", "strata tenants delete acme --shred", "strata tenants delete acme --purge");
    }

    private static Command About(string verb, string description, Func<StrataClient, string, CancellationToken, Task<TenantInfo>> ask) =>
        About(verb, description, (_, client, id, token) => ask(client, id, token));

    private static Command About(string verb, string description, Func<ParseResult, StrataClient, string, CancellationToken, Task<TenantInfo>> ask, params Option[] options)
    {
        var id = IdArgument();
        var command = new Command(verb, description) { id };
        foreach (var option in options)
            command.Options.Add(option);
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            node.Writer(parsed).One(await ask(parsed, node.Connect(parsed), Id(parsed.GetValue(id)!), cancellationToken), ContractsJson.Default.TenantInfo, Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, $"strata tenants {verb} acme{(options.Length > 0 ? " --name 'Acme Corp.'" : "")}");
    }

    internal static Argument<string> IdArgument() => new("id") { Description = "The tenant's id." };

    internal static string Id(string text) => TenantId.TryFromName(text, out var id) ? id.Value : text;

    private static Column<TenantInfo>[] Columns =>
        [new("id", t => t.Id), new("name", t => t.Name), new("state", t => t.State), new("created", t => OutputWriter.Time(t.Created))];
}
