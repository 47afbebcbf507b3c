using Strata.Core.Metering;

namespace Strata.Core.Tests.Metering;

/// <summary>What was used of rates within the last minute.</summary>
public sealed class UsageRatesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Quotas Limits = new() { MessagesPerSecond = 10, BytesPerSecond = 1_000, ApiCallsPerMinute = 100 };

    [Fact]
    public void A_minute_is_summed_and_what_is_older_is_forgotten()
    {
        var rates = new UsageRates();
        for (var look = 0; look < 5; look++)
            rates.Add(Noon.AddSeconds(10 * look), new RateUse(100, 1_000, 5, 0, 0));
        Assert.Equal(new RateUse(600, 6_000, 30, 0, 0), rates.Add(Noon.AddSeconds(50), new RateUse(100, 1_000, 5, 0, 0)));
        Assert.Equal(new RateUse(500, 5_000, 25, 0, 0), rates.Add(Noon.AddSeconds(60), default));
        Assert.Equal(default, rates.Add(Noon.AddSeconds(200), default));
    }

    [Theory]
    [InlineData(479, 0, QuotaState.Ok)]
    [InlineData(480, 0, QuotaState.Warning)]
    [InlineData(600, 0, QuotaState.Exceeded)]
    [InlineData(1, 1, QuotaState.Warning)]
    public void A_rate_warns_from_eighty_percent_on_and_when_somebody_had_to_wait(long messages, long held, QuotaState state) =>
        Assert.Equal(state, new RateUse(messages, 0, 0, held, 0).Of(Limits).Single(u => u.Name == "messagesPerSecond").State);

    [Fact]
    public void Only_rates_with_a_limit_are_told_and_calls_are_counted_by_the_minute()
    {
        var used = new RateUse(60, 600, 90, 0, 3);
        Assert.Equal(
            [("messagesPerSecond", 1, QuotaState.Ok), ("bytesPerSecond", 10, QuotaState.Ok), ("apiCallsPerMinute", 90L, QuotaState.Warning)],
            used.Of(Limits).Select(u => (u.Name, u.Used, u.State)));
        Assert.Empty(used.Of(Quotas.Unlimited));
    }
}
