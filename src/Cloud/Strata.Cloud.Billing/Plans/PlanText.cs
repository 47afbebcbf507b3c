using System.Collections.Immutable;
using System.Text.Json;
using Strata.Cloud.Billing.Rows;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Core.Metering.Billing;

namespace Strata.Cloud.Billing.Plans;

/// <summary>Plans as the API, tables and closed statements write them.</summary>
internal static class PlanText
{
    public static PricePlanInfo Info(PricePlan plan, PricePlanRow? row = null) => new(
        plan.Name, plan.From.ToString(), plan.Currency.Code, plan.Minimum,
        [.. plan.Rates.Select(r => new PriceRateInfo(PriceUnits.NameOf(r.Unit), [.. r.Tiers.Select(t => new PriceTierInfo(t.Price, t.UpTo))], r.Included))], row?.Created, row?.CreatedBy);

    public static PricePlanInfo Info(PricePlanRow row) => Info(Read(row), row);

    public static string Write(PricePlan plan) => JsonSerializer.Serialize(Info(plan), ContractsJson.Default.PricePlanInfo);

    public static PricePlan Read(PricePlanRow row) => Read(JsonSerializer.Deserialize(row.Document, ContractsJson.Default.PricePlanInfo)!);

    /// <summary>What was written by <see cref="Write"/>.</summary>
    public static PricePlan Read(PricePlanInfo info) => Parse(info.Name, info.From, info.Currency, info.Minimum, info.Rates) is { IsOk: true } plan
        ? plan.Value
        : throw new InvalidDataException($"The price plan '{info.Name}' from {info.From} on cannot be read; was the table price_plans or a statement changed by hand?");

    /// <summary>What somebody wants to be a plan.</summary>
    public static Outcome<PricePlan> Parse(string name, string from, string? currencyCode, decimal minimum, IReadOnlyList<PriceRateInfo>? rates)
    {
        var month = BillingRequests.Month(from, "from");
        if (!month.IsOk)
            return month.Problem;
        if (!Currency.TryFind(currencyCode, out var currency))
            return new Problem(ProblemKind.Invalid, $"'{BillingRequests.Short(currencyCode)}' is not a currency here; give an ISO 4217 code in capitals, for example USD or EUR.", "currency");
        var read = ImmutableArray.CreateBuilder<PriceRate>();
        foreach (var rate in rates ?? [])
        {
            if (!PriceUnits.TryParse(rate?.Unit, out var unit))
                return new Problem(ProblemKind.Invalid, $"There is no unit '{BillingRequests.Short(rate?.Unit)}'; there are {string.Join(", ", PriceUnits.All.Select(PriceUnits.NameOf))}.", "rates");
            read.Add(new PriceRate(unit, rate!.Included, [.. (rate.Tiers ?? []).Select(t => new PriceTier(t.UpTo, t.Price))]));
        }
        var plan = new PricePlan(name, month.Value, currency, minimum, read.ToImmutable());
        return plan.Check() is { } problem ? problem : plan;
    }
}
