using System.CommandLine;
using System.Globalization;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata billing</c>: price plans, statements, their close and their corrections.</summary>
internal static class BillingCommand
{
    public static Command Create() => new("billing", "Price plans and statements: what a tenant's use costs, itemised to the hour.")
    {
        PricePlanCommands.Create(), CreateAssign(), CreateStatements(), CreateStatement(), CreateClose(), CreateCredit(), CreateVerify(),
    };

    internal static Argument<string> TenantArgument() => new("tenant") { Description = "The tenant's id." };

    internal static Option<string> MonthOption() => new("--month") { Description = "The month in UTC, for example 2026-11.", Required = true };

    internal static string Decimal(decimal value) => value.ToString("0.############", CultureInfo.InvariantCulture);

    private static Command CreateAssign()
    {
        var tenant = TenantArgument();
        var plan = new Option<string?>("--plan") { Description = "The plan's name; without it the plans that the tenant has had are listed." };
        var from = new Option<string?>("--from") { Description = "The first month; the current one when left out. Not a month that is closed." };
        var command = new Command("assign", "Give a tenant a price plan, for the platform's owner; or list those it has had.") { tenant, plan, from };
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = node.Connect(parsed, tenant);
            IReadOnlyList<PlanAssignmentInfo> items = parsed.GetValue(plan) is { } name
                ? [await client.AssignPlanAsync(new AssignPlan(name, parsed.GetValue(from)), cancellationToken)]
                : (await client.ListPlanAssignmentsAsync(cancellationToken)).Items;
            node.Writer(parsed).List(items, ContractsJson.Default.PlanAssignmentInfo, "no plan was given to the tenant",
                new("plan", a => a.Plan), new("from", a => a.From), new("assigned", a => OutputWriter.Time(a.Assigned)), new("by", a => a.AssignedBy));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata billing assign acme --plan standard", "strata billing assign acme --plan large --from 2026-12");
    }

    private static Command CreateStatements()
    {
        var tenant = TenantArgument();
        var command = new Command("statements", "List a tenant's months with their totals, the newest first.") { tenant };
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var page = await node.Connect(parsed, tenant).ListStatementsAsync(cancellationToken);
            node.Writer(parsed).List(page.Items, ContractsJson.Default.StatementSummary, "no months: the tenant has no price plan",
                new("month", s => s.Month), new("state", s => s.State), new("plan", s => s.Plan), new("total", s => Decimal(s.Total), true), new("credited", s => Decimal(s.Credited), true),
                new("currency", s => s.Currency), new("closed", s => OutputWriter.Time(s.Closed)));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata billing statements acme");
    }

    private static Command CreateStatement()
    {
        var tenant = TenantArgument();
        var month = MonthOption();
        var hours = new Option<bool>("--hours") { Description = "With the hours of each line; CSV always has them." };
        var html = new Option<bool>("--html") { Description = "As a page to print." };
        var command = new Command("statement", "Show a month in money: an open one as it stands, a closed one as it was closed.") { tenant, month, hours, html };
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (client, output, of) = (node.Connect(parsed, tenant), node.Writer(parsed), parsed.GetValue(month)!);
            if (parsed.GetValue(html) || output.Format == OutputFormat.Csv)
                await output.Text.WriteAsync(await client.GetStatementTextAsync(of, parsed.GetValue(html) ? "html" : "csv", parsed.GetValue(hours), cancellationToken));
            else
                StatementText.Write(output, await client.GetStatementAsync(of, parsed.GetValue(hours), cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(
            command, "strata billing statement acme --month 2026-11", "strata billing statement acme --month 2026-11 -o csv > november.csv",
            "strata billing statement acme --month 2026-11 --html > november.html");
    }

    private static Command CreateClose()
    {
        var tenant = TenantArgument();
        var month = MonthOption();
        var command = new Command("close", "Close a month that is over, for the platform's owner; the node does it by itself two days after its end. It is not changed any more then.") { tenant, month };
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            StatementText.Write(node.Writer(parsed), await node.Connect(parsed, tenant).CloseStatementAsync(parsed.GetValue(month)!, cancellationToken));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata billing close acme --month 2026-10");
    }

    private static Command CreateCredit()
    {
        var tenant = TenantArgument();
        var month = MonthOption();
        var amount = new Option<decimal>("--amount") { Description = "What is given back, in the statement's currency.", Required = true };
        var reason = new Option<string>("--reason") { Description = "Why; it stands on the statement.", Required = true };
        var command = new Command("credit", "Give back a part of a closed month by a credit note, for the platform's owner.") { tenant, month, amount, reason };
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var note = await node.Connect(parsed, tenant).CreditAsync(parsed.GetValue(month)!, new CreateCreditNote(parsed.GetValue(amount), parsed.GetValue(reason)!), cancellationToken);
            node.Writer(parsed).One(note, ContractsJson.Default.CreditNoteInfo, new("number", n => $"{n.Number}"), new("month", n => n.Month), new("amount", n => $"{Decimal(n.Amount)} {n.Currency}"), new("reason", n => n.Reason));
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata billing credit acme --month 2026-10 --amount 12.50 --reason 'outage on the 3rd'");
    }

    private static Command CreateVerify()
    {
        var tenant = TenantArgument();
        var month = MonthOption();
        var command = new Command("verify", "Verify a closed month: 0 when it is as it was closed and follows from the meter, 1 when not.") { tenant, month };
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var verdict = await node.Connect(parsed, tenant).VerifyStatementAsync(parsed.GetValue(month)!, cancellationToken);
            var output = node.Writer(parsed);
            if (output.Format == OutputFormat.Json)
            {
                output.One(verdict, ContractsJson.Default.StatementVerification);
            }
            else
            {
                output.List(verdict.Checks, ContractsJson.Default.StatementCheckInfo, "", new("check", c => c.Name), new("holds", c => c.Holds switch { true => "yes", false => "NO", null => "-" }), new("detail", c => c.Detail));
                output.Note($"digest {verdict.Digest}");
            }
            return verdict.Whole ? ExitCode.Success : ExitCode.Failed;
        });
        return HelpWithExamples.WithExamples(command, "strata billing verify acme --month 2026-10");
    }
}

/// <summary>A statement for the terminal.</summary>
internal static class StatementText
{
    public static void Write(OutputWriter output, StatementInfo statement)
    {
        if (output.Format == OutputFormat.Json)
        {
            output.One(statement, ContractsJson.Default.StatementInfo);
            return;
        }
        output.Note($"{statement.Tenant}, {statement.Month}, {statement.State}, plan {statement.Plan.Name} from {statement.Plan.From} on, counted up to {OutputWriter.Time(statement.UpTo)}");
        output.List(statement.Lines, ContractsJson.Default.StatementLineInfo, "nothing was used",
            new("item", l => l.Text), new("quantity", l => l.Units is { } units ? BillingCommand.Decimal(units) : "", true), new("price", l => l.Price is { } price ? BillingCommand.Decimal(price) : "", true),
            new($"amount {statement.Plan.Currency}", l => BillingCommand.Decimal(l.Amount), true));
        output.Note($"total {BillingCommand.Decimal(statement.Total)} {statement.Plan.Currency}");
        foreach (var note in statement.CreditNotes)
            output.Note($"credit note {note.Number}: -{BillingCommand.Decimal(note.Amount)} ({note.Reason})");
        if (statement.Credited > 0)
            output.Note($"due {BillingCommand.Decimal(statement.Due)} {statement.Plan.Currency}");
        if (statement.Hours is { } hours && output.Format == OutputFormat.Table)
        {
            output.List(hours, ContractsJson.Default.StatementHourInfo, "no hours",
                new("hour", h => OutputWriter.Time(h.Hour)), new("unit", h => h.Unit), new("tier", h => $"{h.Tier}", true), new("quantity", h => BillingCommand.Decimal(h.Quantity), true), new("measure", h => h.Measure),
                new("price", h => BillingCommand.Decimal(h.Price), true), new("amount", h => BillingCommand.Decimal(h.Amount), true));
        }
    }
}
