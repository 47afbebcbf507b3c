using Strata.Core.Metering;
using Strata.Core.Metering.Billing;
using Strata.Core.Tenancy;

namespace Strata.Core.Tests.Metering;

/// <summary>The cost figures of the requirements (R11) as statements make them: months of 30 days, as those figures assume.</summary>
public sealed class ReferenceCostsTests
{
    private static readonly BillingMonth ThirtyDays = BillingMonth.FromNumber(202611);

    [Fact]
    public void Ten_thousand_sensors_cost_5_184_dollars_a_month_for_traffic_and_1_49_for_storage()
    {
        // 10,000 sensors, every 60 s, 150 B: 14.4 M messages and 2,160 MB a day, at $0.08/MB; 2.16 GB x 30 kept, at $0.023 a GB month.
        var plan = Plan(PriceRate.Flat(PriceUnit.Megabyte, 0.08m), PriceRate.Flat(PriceUnit.GigabyteMonth, 0.023m));
        var statement = Make(plan, messagesPerDay: 14_400_000, bytesPerDay: 2_160_000_000, kept: 64_800_000_000);
        Assert.Equal(5_184.00m, Amount(statement, PriceUnit.Megabyte));
        Assert.Equal(172.80m, statement.Hours.Where(h => h.Unit == PriceUnit.Megabyte && h.Hour < ThirtyDays.Start.AddDays(1)).Sum(h => h.Amount));
        Assert.Equal(1.49m, Amount(statement, PriceUnit.GigabyteMonth));
        Assert.Equal(5_185.49m, statement.Total);
    }

    [Fact]
    public void Through_a_hundred_gateways_the_same_costs_13_82()
    {
        // 28,800 messages and 5.76 MB a day.
        var statement = Make(Plan(PriceRate.Flat(PriceUnit.Megabyte, 0.08m)), messagesPerDay: 28_800, bytesPerDay: 5_760_000);
        Assert.Equal(13.82m, statement.Total);
        Assert.Equal(0.46m, Currency.Usd.Round(statement.Hours.Where(h => h.Hour < ThirtyDays.Start.AddDays(1)).Sum(h => h.Amount)));
        Assert.Equal(5_170m, decimal.Round(5_184.00m - statement.Total));
    }

    [Fact]
    public void The_fog_saves_an_HVAC_fleet_22_68_a_month()
    {
        // 8.64 GB a day raw, 1.08 GB through the fog, at $0.10/GB.
        var plan = Plan(PriceRate.Flat(PriceUnit.Gigabyte, 0.10m));
        var raw = Make(plan, messagesPerDay: 86_400_000, bytesPerDay: 8_640_000_000);
        var fog = Make(plan, messagesPerDay: 7_200_000, bytesPerDay: 1_080_000_000);
        Assert.Equal(25.92m, raw.Total);
        Assert.Equal(3.24m, fog.Total);
        Assert.Equal(22.68m, raw.Total - fog.Total);
    }

    [Fact]
    public void Five_thousand_trackers_cost_720_a_day_and_262_800_a_year_and_event_driven_13_140()
    {
        // 7.2 GB a day at $0.10/MB; event-driven is 95 % less.
        var plan = Plan(PriceRate.Flat(PriceUnit.Megabyte, 0.10m));
        var (always, driven) = (0m, 0m);
        for (var month = BillingMonth.FromNumber(202601); month.Year == 2026; month = month.Next)
        {
            var statement = Make(plan, month, 7_200_000, 7_200_000_000);
            Assert.Equal(720m, statement.Hours.Where(h => h.Hour < month.Start.AddDays(1)).Sum(h => h.Amount));
            always += statement.Total;
            driven += Make(plan, month, 360_000, 360_000_000).Total;
        }
        Assert.Equal(262_800.00m, always);
        Assert.Equal(13_140.00m, driven);
    }

    [Fact]
    public void A_device_and_a_gigabyte_that_are_there_for_half_of_the_month_cost_half()
    {
        var plan = Plan(PriceRate.Flat(PriceUnit.DeviceMonth, 2m), PriceRate.Flat(PriceUnit.GigabyteMonth, 1m));
        var usage = Enumerable.Range(0, 360).Select(h => new UsageHour(TenantId.Main, ThirtyDays.Start.AddHours(h), "") { Devices = 10, StorageBytes = 3_000_000_000 });
        var statement = StatementMath.Make(TenantId.Main, ThirtyDays, plan, usage, []);
        Assert.Equal(10.00m, Amount(statement, PriceUnit.DeviceMonth));
        Assert.Equal(1.50m, Amount(statement, PriceUnit.GigabyteMonth));
    }

    private static PricePlan Plan(params PriceRate[] rates) => new("reference", ThirtyDays, Currency.Usd, 0, [.. rates]);

    private static decimal Amount(Statement statement, PriceUnit unit) => statement.Lines.Where(l => l.Unit == unit).Sum(l => l.Amount);

    private static Statement Make(PricePlan plan, long messagesPerDay, long bytesPerDay, long kept = 0) => Make(plan, ThirtyDays, messagesPerDay, bytesPerDay, kept);

    private static Statement Make(PricePlan plan, BillingMonth month, long messagesPerDay, long bytesPerDay, long kept = 0) => StatementMath.Make(
        TenantId.Main, month, plan,
        Enumerable.Range(0, month.Hours).Select(h => new UsageHour(TenantId.Main, month.Start.AddHours(h), "")
        {
            MessagesIn = messagesPerDay / 24, BytesIn = bytesPerDay / 24, StorageBytes = kept,
        }), []);
}
