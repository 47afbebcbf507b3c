using System.CommandLine;
using System.Globalization;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary>Verbs of <c>strata tenants</c> about isolation levels and keys.</summary>
internal static class TenantIsolationCommands
{
    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(250);

    public static Command CreateShow()
    {
        var id = new Argument<string?>("id") { Description = "The tenant's id; all when left out.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("isolation", "Show tenants' isolation levels, and how far changes are.") { id };
        var paging = new PagingOptions(command);
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed);
            if (parsed.GetValue(id) is { } one)
            {
                node.Writer(parsed).One(await client.GetIsolationAsync(TenantsCommand.Id(one), cancellationToken), ContractsJson.Default.IsolationInfo, Columns);
                return ExitCode.Success;
            }
            var items = await paging.CollectAsync(parsed, (cursor, limit) => client.ListIsolationAsync(cursor, limit, cancellationToken));
            node.Writer(parsed).List(items, ContractsJson.Default.IsolationInfo, "no tenants", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata tenants isolation", "strata tenants isolation acme -o json");
    }

    public static Command CreateMove()
    {
        var to = new Option<string>("--to") { Description = "logical, encrypted, dedicated; or physical, which is another installation: pauses the tenant and writes it to --out.", Required = true };
        to.AcceptOnlyFromAmong("logical", "encrypted", "dedicated", "physical");
        var file = new Option<string?>("--out") { Description = "With --to physical: the archive to write, for 'strata tenants import' there.", HelpName = "FILE" };
        var key = TenantArchiveCommands.KeyOption();
        var remove = new Option<bool>("--remove") { Description = "With --to physical: remove the tenant here with everything it has, once the archive is written." };
        return CreateChange(
            "move", "Change a tenant's isolation level while it is served. Goes on in the node; shows how far it is until it is done.", "strata tenants move acme --to encrypted",
            parsed => new ChangeIsolation(parsed.GetValue(to)),
            async (parsed, node, tenant, cancellationToken) => parsed.GetValue(to) == "physical"
                ? await TenantArchiveCommands.MoveOutAsync(parsed, node, tenant, parsed.GetValue(file), parsed.GetValue(key), parsed.GetValue(remove), cancellationToken)
                : null,
            to, file, key, remove);
    }

    public static Command CreateRenewKey() => CreateChange(
        "renew-key", "Make a new data key for an encrypted or dedicated tenant and seal everything with it, while it is served.", "strata tenants renew-key acme",
        _ => new ChangeIsolation(null, RenewKey: true), static (_, _, _, _) => Task.FromResult<int?>(null));

    public static Command CreateRotate()
    {
        var command = new Command("rotate-installation-key", "Wrap all tenants' data keys with a new key of the installation and destroy the old one, while the node serves.");
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var rotated = await node.Connect(parsed).RotateInstallationKeyAsync(cancellationToken);
            node.Writer(parsed).One(rotated, ContractsJson.Default.RotatedKey, new("key", r => r.Id), new("tenants", r => r.Tenants.ToString(CultureInfo.InvariantCulture)));
            node.Writer(parsed).Note("Back the installation's key up now: older copies of it open nothing any more.");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata tenants rotate-installation-key");
    }

    /// <param name="instead">What is done in place of a change; null for nothing.</param>
    private static Command CreateChange(
        string verb, string description, string example, Func<ParseResult, ChangeIsolation> change, Func<ParseResult, NodeOptions, string, CancellationToken, Task<int?>> instead, params Option[] options)
    {
        var id = TenantsCommand.IdArgument();
        var noWait = new Option<bool>("--no-wait") { Description = "Return when it has begun." };
        var command = new Command(verb, description) { id, noWait };
        foreach (var option in options)
            command.Options.Add(option);
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (await instead(parsed, node, parsed.GetValue(id)!, cancellationToken) is { } done)
                return done;
            var (client, tenant, output) = (node.Connect(parsed), TenantsCommand.Id(parsed.GetValue(id)!), node.Writer(parsed));
            var now = await client.ChangeIsolationAsync(tenant, change(parsed), cancellationToken);
            var said = "";
            while (now.Changing && !parsed.GetValue(noWait))
            {
                var line = $"{now.Step}: {now.Rows} rows{(now.Detail is null ? "" : $" ({now.Detail})")}";
                if (line != said)
                    output.Note(said = line);
                await Task.Delay(AskEvery, TimeProvider.System, cancellationToken);
                now = await client.GetIsolationAsync(tenant, cancellationToken);
            }
            output.One(now, ContractsJson.Default.IsolationInfo, Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, example);
    }

    private static Column<IsolationInfo>[] Columns =>
    [
        new("tenant", i => i.Tenant), new("level", i => i.Level), new("changing to", i => i.Changing ? i.Target : ""), new("step", i => i.Step ?? ""),
        new("rows", i => i.Rows.ToString(CultureInfo.InvariantCulture), RightAligned: true), new("started", i => OutputWriter.Time(i.Started)),
        new("finished", i => OutputWriter.Time(i.Finished)), new("detail", i => i.Detail ?? ""),
    ];
}
