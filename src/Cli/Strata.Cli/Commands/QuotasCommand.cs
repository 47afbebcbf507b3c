using System.CommandLine;
using System.Globalization;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;
using Strata.Core.Metering;

namespace Strata.Cli.Commands;

/// <summary><c>strata quotas</c>: what a tenant may use, and the plans that tenants follow.</summary>
internal static class QuotasCommand
{
    private const string Follow = "plan";
    private const string None = "none";

    public static Command Create() => new("quotas", "What a tenant may use: devices, connections, rates, storage, API calls.")
    {
        CreateShow(), CreateSet(), new Command("plans", "Templates of quotas that tenants follow.") { CreateList(), CreatePut(), CreateDelete() },
    };

    private static Command CreateShow()
    {
        var command = new Command("show", "Show the quotas, what is used of them and the day each runs out.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Write(node.Writer(parsed), await node.Connect(parsed).GetQuotasAsync(cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata quotas show --tenant acme");
    }

    private static Command CreateSet()
    {
        var plan = new Option<string?>("--plan") { Description = "The plan to follow, see 'strata quotas plans list'." };
        var values = Values($"The tenant's own values as NAME=NUMBER, NAME={None} for no limit, NAME={Follow} for the plan's. Names: {string.Join(", ", Quotas.Names)}.");
        var command = new Command("set", "Say what a tenant may use; for the platform's owner. Holds at once.") { values, plan };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var own = new Dictionary<string, long?>(StringComparer.Ordinal);
            var follow = new List<string>();
            foreach (var (name, value) in Read(parsed.GetValue(values)!))
            {
                if (value == Follow)
                    follow.Add(name);
                else
                    own[name] = value == None ? null : Number(name, value);
            }
            Write(node.Writer(parsed), await node.Connect(parsed).ChangeQuotasAsync(new ChangeQuotas(parsed.GetValue(plan), own, follow), cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata quotas set --tenant acme --plan standard", "strata quotas set devices=500 storageBytes=none messagesPerSecond=plan --tenant acme");
    }

    private static Command CreateList()
    {
        var command = new Command("list", "List the plans.");
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var plans = await node.Connect(parsed).ListQuotaPlansAsync(cancellationToken);
            node.Writer(parsed).List(plans.Items, ContractsJson.Default.QuotaPlanInfo, "no plans", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata quotas plans list");
    }

    private static Command CreatePut()
    {
        var name = new Argument<string>("name") { Description = "The plan's name." };
        var values = Values("Limits as NAME=NUMBER; what is not named has none.");
        var command = new Command("set", "Make a plan of the platform's own, or replace it. Tenants that follow it have its values at once.") { name, values };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var quotas = Read(parsed.GetValue(values)!).ToDictionary(v => v.Name, v => Number(v.Name, v.Value), StringComparer.Ordinal);
            var plan = await node.Connect(parsed).PutQuotaPlanAsync(parsed.GetValue(name)!, new PutQuotaPlan(quotas), cancellationToken);
            node.Writer(parsed).One(plan, ContractsJson.Default.QuotaPlanInfo, Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata quotas plans set parking devices=5000 messagesPerSecond=200");
    }

    private static Command CreateDelete()
    {
        var name = new Argument<string>("name") { Description = "The plan's name." };
        var command = new Command("delete", "Remove a plan that no tenant follows.") { name };
        var node = new NodeOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed).DeleteQuotaPlanAsync(parsed.GetValue(name)!, cancellationToken);
            node.Writer(parsed).Note($"{parsed.GetValue(name)} is removed");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata quotas plans delete parking");
    }

    private static Argument<string[]> Values(string description) => new("values") { Description = description, Arity = ArgumentArity.ZeroOrMore };

    private static IEnumerable<(string Name, string Value)> Read(string[] values) => values.Select(v => v.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } value]
        ? (name, value)
        : throw new CliException(ExitCode.Usage, $"'{v}' is not NAME=VALUE, for example devices=500."));

    private static long Number(string name, string value) => long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw new CliException(ExitCode.Usage, $"{name} is '{value}'; it takes a whole number, '{None}' or '{Follow}'.");

    private static void Write(OutputWriter output, QuotaInfo quotas)
    {
        if (output.Format == OutputFormat.Json)
        {
            output.One(quotas, ContractsJson.Default.QuotaInfo);
            return;
        }
        output.Note($"{quotas.Tenant} follows the plan {quotas.Plan}");
        output.List(
            quotas.Quotas, null!, "", new("quota", q => q.Name), new("limit", q => q.Limit?.ToString(CultureInfo.InvariantCulture) ?? "-", true),
            new("used", q => q.Used?.ToString(CultureInfo.InvariantCulture) ?? "", true), new("state", q => q.Limit is null || q.Used is null ? "" : q.State),
            new("runs out", q => q.RunsOut?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? ""), new("from", q => quotas.Own.ContainsKey(q.Name) ? "own" : "plan"));
    }

    private static Column<QuotaPlanInfo>[] Columns =>
    [
        new("name", p => p.Name), new("kind", p => p.BuiltIn ? "built in" : "own"),
        new("quotas", p => string.Join(' ', Quotas.Names.Where(p.Quotas.ContainsKey).Select(n => $"{n}={p.Quotas[n]}")) is { Length: > 0 } text ? text : "no limits"),
    ];
}
