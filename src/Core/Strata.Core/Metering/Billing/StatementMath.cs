using System.Collections.Immutable;
using System.Globalization;
using Strata.Core.Tenancy;

namespace Strata.Core.Metering.Billing;

/// <summary>Makes statements out of the meter's hours. The same hours give the same statement, in whatever order and classes they come.</summary>
public static class StatementMath
{
    /// <summary>One row an hour, all classes together, in order of time: what a statement is made of.</summary>
    /// <exception cref="ArgumentException">An hour is of another tenant or month.</exception>
    public static ImmutableArray<UsageHour> Gather(TenantId tenant, BillingMonth month, IEnumerable<UsageHour> usage)
    {
        var hours = new SortedDictionary<DateTimeOffset, UsageHour>();
        foreach (var row in usage)
        {
            if (row.Tenant != tenant || row.Hour < month.Start || row.Hour >= month.End)
                throw new ArgumentException($"An hour of {row.Tenant} at {row.Hour:O} is not of {tenant} in {month}.", nameof(usage));
            hours[row.Hour] = hours.TryGetValue(row.Hour, out var sum) ? Add(sum, row) : row with { DeviceClass = "" };
        }
        return [.. hours.Values];
    }

    /// <summary>The statement of a month.</summary>
    /// <param name="usage">The meter's hours, by class or not; hours that are not there used nothing.</param>
    /// <param name="credits">Shares of the charges to give back, in the order of their lines; together at most all.</param>
    public static Statement Make(TenantId tenant, BillingMonth month, PricePlan plan, IEnumerable<UsageHour> usage, IReadOnlyList<CreditShare> credits)
    {
        var gathered = Gather(tenant, month, usage);
        var lines = ImmutableArray.CreateBuilder<StatementLine>();
        var hours = ImmutableArray.CreateBuilder<StatementHour>();
        foreach (var rate in plan.Rates.OrderBy(r => r.Unit))
        {
            var meter = new RateMeter(rate, month);
            var total = 0m;
            foreach (var hour in gathered)
            {
                var before = total;
                total += PriceUnits.CountOf(rate.Unit, hour);
                AddHour(hours, meter, hour.Hour, before, total);
            }
            AddLines(lines, meter, plan.Currency, total);
        }
        var used = lines.Sum(l => l.Amount);
        if (used < plan.Minimum)
            lines.Add(Other(StatementLineKind.Minimum, string.Create(CultureInfo.InvariantCulture, $"up to the minimum of {plan.Minimum} {plan.Currency}"), plan.Minimum - used));
        var charges = Math.Max(used, plan.Minimum);
        AddCredits(lines, plan.Currency, charges, credits);
        return new Statement(tenant, month, plan, lines.ToImmutable(), [.. hours.OrderBy(h => h.Hour)], charges, lines.Sum(l => l.Amount));
    }

    private static UsageHour Add(UsageHour a, UsageHour b) => a with
    {
        MessagesIn = a.MessagesIn + b.MessagesIn, BytesIn = a.BytesIn + b.BytesIn, MessagesOut = a.MessagesOut + b.MessagesOut, BytesOut = a.BytesOut + b.BytesOut,
        ReadingsStored = a.ReadingsStored + b.ReadingsStored, BytesStored = a.BytesStored + b.BytesStored, ApiCalls = a.ApiCalls + b.ApiCalls, Devices = a.Devices + b.Devices,
        Connections = a.Connections + b.Connections, StorageBytes = a.StorageBytes + b.StorageBytes,
    };

    private static void AddHour(ImmutableArray<StatementHour>.Builder hours, RateMeter meter, DateTimeOffset hour, decimal before, decimal after)
    {
        for (var tier = 0; tier < meter.Tiers; tier++)
        {
            if (meter.PartOf(tier, after) - meter.PartOf(tier, before) is > 0 and var quantity)
                hours.Add(new StatementHour(hour, meter.Unit, tier, quantity, meter.PriceOf(tier), meter.CostOf(tier, after) - meter.CostOf(tier, before)));
        }
    }

    private static void AddLines(ImmutableArray<StatementLine>.Builder lines, RateMeter meter, Currency currency, decimal total)
    {
        for (var tier = 0; tier < meter.Tiers; tier++)
        {
            if (meter.PartOf(tier, total) is not (> 0 and var quantity))
                continue;
            var exact = meter.CostOf(tier, total);
            lines.Add(new StatementLine(
                StatementLineKind.Usage, tier == 0 ? $"{PriceUnits.TitleOf(meter.Unit)}, included" : meter.Tiers == 2 ? PriceUnits.TitleOf(meter.Unit) : $"{PriceUnits.TitleOf(meter.Unit)}, tier {tier}",
                meter.Unit, tier, quantity, meter.ToUnits(quantity), meter.PriceOf(tier), exact, currency.Round(exact)));
        }
    }

    /// <summary>Each share is of all charges; together they give back no more than those.</summary>
    private static void AddCredits(ImmutableArray<StatementLine>.Builder lines, Currency currency, decimal charges, IReadOnlyList<CreditShare> credits)
    {
        var left = charges;
        foreach (var credit in credits)
        {
            var amount = Math.Min(left, currency.Round(charges * credit.Percent / 100m));
            left -= amount;
            lines.Add(Other(StatementLineKind.ServiceCredit, credit.Text, -amount));
        }
    }

    private static StatementLine Other(StatementLineKind kind, string text, decimal amount) => new(kind, text, null, 0, 0, 0, 0, amount, amount);
}
