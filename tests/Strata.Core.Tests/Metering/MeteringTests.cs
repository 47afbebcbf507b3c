using CsCheck;
using Strata.Core.Metering;
using Strata.Core.Tenancy;

namespace Strata.Core.Tests.Metering;

/// <summary>Sums of usage, and the day a quota runs out.</summary>
public sealed class MeteringTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateOnly Today = new(2026, 11, 26);

    private static readonly Gen<UsageHour> Hours = Gen.Select(Gen.Int[0, 99], Gen.Int[0, 2].Select(i => new[] { "", "th-1", "meter" }[i]), Gen.Long[0, 1_000], Gen.Long[0, 50]).Select(
        (hour, model, count, gauge) => new UsageHour(TenantId.Main, Start.AddHours(hour), model) { MessagesIn = count, ReadingsStored = 2 * count, Devices = gauge, StorageBytes = gauge });

    [Fact]
    public void Whatever_is_added_up_first_the_counters_come_to_the_same() => Hours.List[0, 40].Sample(hours =>
    {
        var total = hours.Sum(h => h.MessagesIn);
        foreach (var every in Enum.GetValues<UsagePeriod>())
        {
            foreach (var byClass in (bool[])[false, true])
            {
                var sums = UsageSums.Of(hours, every, byClass);
                Assert.Equal(total, sums.Sum(s => s.MessagesIn));
                Assert.Equal(sums, UsageSums.Of(Enumerable.Reverse(hours), every, byClass).Select(s => s with { StorageBytes = sums.Single(o => (o.Hour, o.DeviceClass) == (s.Hour, s.DeviceClass)).StorageBytes }));
                Assert.Equal(sums.Count, sums.Select(s => (s.Hour, s.DeviceClass)).Distinct().Count());
            }
        }
        Assert.Equal(total, UsageSums.Total(TenantId.Main, Start, hours).MessagesIn);
    });

    [Fact]
    public void Devices_of_several_classes_add_up_and_over_hours_the_most_stands()
    {
        UsageHour[] hours =
        [
            new(TenantId.Main, Start, "a") { Devices = 3, StorageBytes = 10 }, new(TenantId.Main, Start, "b") { Devices = 4 },
            new(TenantId.Main, Start.AddHours(1), "a") { Devices = 5, StorageBytes = 7 },
        ];
        Assert.Equal([7, 5], UsageSums.Of(hours, UsagePeriod.Hour, byClass: false).Select(u => u.Devices));
        var day = Assert.Single(UsageSums.Of(hours, UsagePeriod.Day, byClass: false));
        Assert.Equal((7, 7), (day.Devices, day.StorageBytes));
        Assert.Equal([5, 4], UsageSums.Of(hours, UsagePeriod.Month, byClass: true).Select(u => u.Devices));
    }

    [Fact]
    public void Use_that_grows_by_a_straight_line_runs_out_on_the_day_it_reaches_the_limit() => Gen.Select(Gen.Long[1, 50], Gen.Long[0, 500], Gen.Int[3, 30], Gen.Long[1, 300]).Sample((growth, first, count, more) =>
    {
        var days = Enumerable.Range(0, count).Select(i => (Today.AddDays(i - count + 1), first + (growth * i))).ToList();
        var now = days[^1].Item2;
        var limit = now + (growth * more);
        Assert.Equal(more > QuotaForecast.Horizon ? null : Today.AddDays((int)more), QuotaForecast.RunsOut(days, limit, Today));
    });

    [Fact]
    public void A_larger_limit_never_runs_out_earlier() => Gen.Select(Gen.Long[0, 1_000].List[3, 30], Gen.Long[1, 2_000], Gen.Long[0, 2_000]).Sample((used, limit, more) =>
    {
        var days = used.Select((u, i) => (Today.AddDays(i - used.Count + 1), u)).ToList();
        var (less, greater) = (QuotaForecast.RunsOut(days, limit, Today) ?? DateOnly.MaxValue, QuotaForecast.RunsOut(days, limit + more, Today) ?? DateOnly.MaxValue);
        Assert.True(less <= greater, $"{less} {greater}");
        Assert.True(less >= Today);
    });

    [Fact]
    public void Of_two_days_or_of_use_that_shrinks_nothing_is_foretold()
    {
        Assert.Null(QuotaForecast.RunsOut([(Today.AddDays(-1), 5), (Today, 9)], 100, Today));
        Assert.Null(QuotaForecast.RunsOut([(Today.AddDays(-2), 9), (Today.AddDays(-1), 5), (Today, 4)], 100, Today));
        Assert.Equal(Today, QuotaForecast.RunsOut([(Today, 100)], 100, Today));
    }

    [Theory]
    [InlineData(79, QuotaState.Ok)]
    [InlineData(80, QuotaState.Warning)]
    [InlineData(99, QuotaState.Warning)]
    [InlineData(100, QuotaState.Exceeded)]
    public void From_eighty_percent_on_it_is_a_warning(long used, QuotaState state) => Assert.Equal(state, new QuotaUse("devices", 100, used, null).State);
}
