using System.CommandLine;
using System.Globalization;
using Strata.Cli.Output;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata billing plans</c>: the installation's price plans; for the platform's owner.</summary>
internal static class PricePlanCommands
{
    public static Command Create() => new("plans", "Price plans of the installation: list, set. For the platform's owner.") { CreateList(), CreateSet() };

    private static Command CreateList()
    {
        var command = new Command("list", "List all versions of all plans.");
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var page = await node.Connect(parsed).ListPricePlansAsync(cancellationToken);
            node.Writer(parsed).List(page.Items, ContractsJson.Default.PricePlanInfo, "no plans; 'strata billing plans set NAME --currency USD --rate gb=0.10' makes one", Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(command, "strata billing plans list");
    }

    private static Command CreateSet()
    {
        var name = new Argument<string>("name") { Description = "The plan's name." };
        var currency = new Option<string>("--currency") { Description = "ISO 4217 code, for example USD.", Required = true };
        var rate = new Option<string[]>("--rate")
        {
            Description = "UNIT=PRICE, or UNIT=PRICE:UPTO,...,PRICE for tiers; may be repeated. Units: million-messages, mb, gb, gb-month, thousand-api-calls, device-month.",
        };
        var include = new Option<string[]>("--include") { Description = "UNIT=QUANTITY that costs nothing each month; may be repeated." };
        var minimum = new Option<decimal>("--minimum") { Description = "What a month costs at least." };
        var from = new Option<string?>("--from") { Description = "The first month for which it holds; the current one for a new plan, the next one otherwise." };
        var command = new Command("set", "Make a price plan, or set its prices from a later month on.") { name, currency, rate, include, minimum, from };
        var node = new NodeOptions(command, takesTenant: false);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var included = (parsed.GetValue(include) ?? []).Select(i => Split(i, "--include")).ToDictionary(i => i.Unit, i => Number(i.Value, "--include"));
            var rates = (parsed.GetValue(rate) ?? []).Select(r => Rate(r, included)).ToList();
            if (included.Count > 0)
                throw new CliException(ExitCode.Usage, $"--include names {string.Join(", ", included.Keys)}, for which there is no --rate.");
            var request = new SetPricePlan(parsed.GetValue(currency)!, rates, parsed.GetValue(minimum), parsed.GetValue(from));
            node.Writer(parsed).One(await node.Connect(parsed).SetPricePlanAsync(parsed.GetValue(name)!, request, cancellationToken), ContractsJson.Default.PricePlanInfo, Columns);
            return ExitCode.Success;
        });
        return HelpWithExamples.WithExamples(
            command, "strata billing plans set standard --currency USD --rate gb=0.10 --rate gb-month=0.023 --minimum 10",
            "strata billing plans set large --currency EUR --rate million-messages=1.00:10,0.80:100,0.50 --include million-messages=1");
    }

    private static PriceRateInfo Rate(string text, Dictionary<string, decimal> included)
    {
        var (unit, value) = Split(text, "--rate");
        var tiers = value.Split(',').Select(t => t.Split(':') switch
        {
            [var price] => new PriceTierInfo(Number(price, "--rate")),
            [var price, var upTo] => new PriceTierInfo(Number(price, "--rate"), Number(upTo, "--rate")),
            _ => throw new CliException(ExitCode.Usage, $"--rate '{text}': a tier is PRICE:UPTO, the last one PRICE."),
        });
        return new PriceRateInfo(unit, [.. tiers], included.Remove(unit, out var quantity) ? quantity : 0);
    }

    private static (string Unit, string Value) Split(string text, string option) => text.Split('=', 2) is [var unit, var value]
        ? (unit, value)
        : throw new CliException(ExitCode.Usage, $"{option} is '{text}'; it takes UNIT=NUMBER, for example gb=0.10.");

    private static decimal Number(string text, string option) => decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw new CliException(ExitCode.Usage, $"{option}: '{text}' is not a number.");

    private static Column<PricePlanInfo>[] Columns =>
    [
        new("name", p => p.Name), new("from", p => p.From), new("currency", p => p.Currency), new("minimum", p => BillingCommand.Decimal(p.Minimum), true),
        new("rates", p => string.Join("; ", p.Rates.Select(Describe))),
    ];

    private static string Describe(PriceRateInfo rate)
    {
        var tiers = string.Join(", ", rate.Tiers.Select(t => t.UpTo is { } end ? $"{BillingCommand.Decimal(t.Price)} up to {BillingCommand.Decimal(end)}" : BillingCommand.Decimal(t.Price)));
        return $"{rate.Unit} {tiers}{(rate.Included > 0 ? $" ({BillingCommand.Decimal(rate.Included)} included)" : "")}";
    }
}
