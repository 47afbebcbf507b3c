using System.CommandLine;
using System.Globalization;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata sla</c>: what is promised to a tenant, how it fared, announced maintenance.</summary>
internal static class SlaCommand
{
    public static Command Create() => new("sla", "Service levels: what is promised to a tenant, and how it fared.") { CreateObjectives(), CreateSet(), CreateRemove(), CreateReport(), CreateMaintenance() };

    private static Command CreateObjectives()
    {
        var tenant = BillingCommand.TenantArgument();
        var command = new Command("objectives", "List what is promised to a tenant.") { tenant };
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var page = await node.Connect(parsed, tenant).ListObjectivesAsync(cancellationToken);
            node.Writer(parsed).List(page.Items, ContractsJson.Default.ObjectiveInfo, "nothing is promised; 'strata sla set TENANT ingest-availability --target 99.9' promises something", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata sla objectives acme");
    }

    private static Command CreateSet()
    {
        var tenant = BillingCommand.TenantArgument();
        var kind = KindArgument();
        var target = new Option<decimal>("--target") { Description = "Percent of time, or of messages: 99.9.", Required = true };
        var limit = new Option<decimal?>("--limit-ms") { Description = "For ingest-latency: what 95 % of a minute's acknowledgements must stay within, ms. For alert-response: the time to answer an alert, ms." };
        var credit = new Option<string[]>("--credit") { Description = "BELOW=PERCENT of the month's charges to give back; may be repeated. Usual: 10 % below the target, 25 % below 99 %." };
        var command = new Command("set", "Promise something to a tenant, for the platform's owner. A promise that holds is changed from the next month on.") { tenant, kind, target, limit, credit };
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var credits = parsed.GetValue(credit) is { Length: > 0 } steps ? steps.Select(Step).ToList() : null;
            var objective = await node.Connect(parsed, tenant)
                .SetObjectiveAsync(parsed.GetValue(kind)!, new SetObjective(parsed.GetValue(target), parsed.GetValue(limit), credits), cancellationToken);
            node.Writer(parsed).One(objective, ContractsJson.Default.ObjectiveInfo, Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(
            command, "strata sla set acme ingest-availability --target 99.95", "strata sla set acme ingest-latency --target 99 --limit-ms 100", "strata sla set acme alert-response --target 95 --limit-ms 900000",
            "strata sla set acme delivery-ratio --target 99.9 --credit 99.9=10 --credit 99=25");
    }

    private static Command CreateRemove()
    {
        var tenant = BillingCommand.TenantArgument();
        var kind = KindArgument();
        var command = new Command("remove", "End a promise with the current month, for the platform's owner.") { tenant, kind };
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed, tenant).RemoveObjectiveAsync(parsed.GetValue(kind)!, cancellationToken);
            node.Writer(parsed).Note("the promise ends with the current month");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata sla remove acme delivery-ratio");
    }

    private static Command CreateReport()
    {
        var tenant = BillingCommand.TenantArgument();
        var month = BillingCommand.MonthOption();
        var html = new Option<bool>("--html") { Description = "As a page to print." };
        var command = new Command("report", "Show how a tenant's promises fared in a month.") { tenant, month, html };
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (client, output, of) = (node.Connect(parsed, tenant), node.Writer(parsed), parsed.GetValue(month)!);
            if (parsed.GetValue(html) || output.Format == OutputFormat.Csv)
                await output.Text.WriteAsync(await client.GetSlaReportTextAsync(of, parsed.GetValue(html) ? "html" : "csv", cancellationToken));
            else
                Write(output, await client.GetSlaReportAsync(of, cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata sla report acme --month 2026-11", "strata sla report acme --month 2026-11 --html > november.html");
    }

    private static void Write(OutputWriter output, SlaReportInfo report)
    {
        if (output.Format == OutputFormat.Json)
        {
            output.One(report, ContractsJson.Default.SlaReportInfo);
            return;
        }
        output.Note($"{report.Tenant}, {report.Month}, {report.State}, measured up to {OutputWriter.Time(report.UpTo)}");
        output.List(report.Objectives, ContractsJson.Default.ObjectiveReportInfo, "nothing is promised in this month",
            new("objective", o => o.Kind), new("target %", o => BillingCommand.Decimal(o.Target), true), new("measured %", o => o.Measured is { } m ? BillingCommand.Decimal(m) : "-", true), new("kept", o => o.Met ? "yes" : "NO"),
            new("spent", o => BillingCommand.Decimal(o.Spent), true), new("of budget", o => BillingCommand.Decimal(o.Budget), true), new("in", o => o.BudgetUnit), new("missing", o => $"{o.Missing}", true),
            new("excluded", o => $"{o.Excluded}", true), new("breaches", o => $"{o.BreachCount}", true), new("burn 1h", o => o.Burn.Count > 0 ? BillingCommand.Decimal(o.Burn[0].Rate) : "", true),
            new("credit %", o => BillingCommand.Decimal(o.Credit), true));
    }

    private static Command CreateMaintenance() => new("maintenance", "Announced maintenance, in which nothing is promised: list, announce, cancel.") { CreateList(), CreateAnnounce(), CreateCancel() };

    private static Command CreateList()
    {
        var tenant = BillingCommand.TenantArgument();
        var command = new Command("list", "List announced maintenance, the newest first.") { tenant };
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            node.Writer(parsed).List((await node.Connect(parsed, tenant).ListMaintenanceAsync(cancellationToken)).Items, ContractsJson.Default.MaintenanceInfo, "none was announced", MaintenanceColumns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata sla maintenance list acme");
    }

    private static Command CreateAnnounce()
    {
        var tenant = BillingCommand.TenantArgument();
        var from = new Option<string>("--from") { Description = "ISO 8601; not in the past.", Required = true };
        var to = new Option<string>("--to") { Description = "ISO 8601.", Required = true };
        var reason = new Option<string>("--reason") { Description = "For the customer.", Required = true };
        var command = new Command("announce", "Announce maintenance before it begins, for the platform's owner.") { tenant, from, to, reason };
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var request = new AnnounceMaintenance(Time(parsed.GetValue(from)!, "--from"), Time(parsed.GetValue(to)!, "--to"), parsed.GetValue(reason)!);
            node.Writer(parsed).One(await node.Connect(parsed, tenant).AnnounceMaintenanceAsync(request, cancellationToken), ContractsJson.Default.MaintenanceInfo, MaintenanceColumns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata sla maintenance announce acme --from 2026-12-05T02:00:00Z --to 2026-12-05T04:00:00Z --reason 'new disks'");
    }

    private static Command CreateCancel()
    {
        var tenant = BillingCommand.TenantArgument();
        var id = new Argument<string>("id") { Description = "Its id, from the list." };
        var command = new Command("cancel", "Take back maintenance that has not begun, for the platform's owner.") { tenant, id };
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await node.Connect(parsed, tenant).CancelMaintenanceAsync(parsed.GetValue(id)!, cancellationToken);
            node.Writer(parsed).Note("it is taken back");
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata sla maintenance cancel acme 01f3a2b4c5d6");
    }

    private static Argument<string> KindArgument() => new("kind") { Description = "ingest-availability, api-availability, ingest-latency, delivery-ratio or alert-response." };

    private static CreditStepInfo Step(string text) =>
        text.Split('=') is [var below, var percent]
        && decimal.TryParse(below, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var b) && decimal.TryParse(percent, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var p)
            ? new CreditStepInfo(b, p)
            : throw new CliException(ExitCode.Usage, $"--credit is '{text}'; it takes BELOW=PERCENT, for example 99.9=10.");

    private static DateTimeOffset Time(string text, string option) => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
        ? time
        : throw new CliException(ExitCode.Usage, $"{option} is '{text}'; it takes an ISO 8601 time, for example 2026-12-05T02:00:00Z.");

    private static Column<ObjectiveInfo>[] Columns =>
    [
        new("objective", o => o.Kind), new("target %", o => BillingCommand.Decimal(o.Target), true), new("limit ms", o => o.LimitMs is { } ms ? BillingCommand.Decimal(ms) : "", true), new("from", o => o.From),
        new("allowed a year", o => o.AllowedPerYear is { } allowed ? $"{allowed.TotalHours.ToString("0.###", CultureInfo.InvariantCulture)} h" : "", true),
        new("credits", o => string.Join(", ", o.Credits.Select(c => $"{BillingCommand.Decimal(c.Percent)} % below {BillingCommand.Decimal(c.Below)} %"))), new("since", o => OutputWriter.Time(o.Since)),
    ];

    private static Column<MaintenanceInfo>[] MaintenanceColumns =>
        [new("id", m => m.Id), new("from", m => OutputWriter.Time(m.From)), new("to", m => OutputWriter.Time(m.To)), new("reason", m => m.Reason), new("announced", m => OutputWriter.Time(m.Announced))];
}
