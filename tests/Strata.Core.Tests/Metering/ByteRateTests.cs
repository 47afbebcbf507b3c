using CsCheck;
using Strata.Core.Metering;

namespace Strata.Core.Tests.Metering;

public sealed class ByteRateTests
{
    /// <summary>Bytes go when their wait is over: however they are asked for, within any time there go no more than its seconds' worth, a second's worth and the last piece.</summary>
    [Fact]
    public void However_bytes_are_asked_for_no_more_than_the_rate_goes() => Gen.Select(Gen.Long[1_024, 1 << 20], Gen.Select(Gen.Int[1, 65_536], Gen.Int[0, 3_000]).Array[1, 60]).Sample((perSecond, asked) =>
    {
        var rate = new ByteRate { BytesPerSecond = perSecond };
        var now = TimeSpan.FromDays(1);
        var gone = new List<(TimeSpan At, int Bytes)>();
        foreach (var (bytes, pause) in asked)
        {
            now += TimeSpan.FromMilliseconds(pause);
            gone.Add((now + rate.Take(bytes, now), bytes));
        }
        foreach (var first in gone)
        {
            foreach (var last in gone.Where(g => g.At >= first.At))
            {
                var sum = gone.Where(g => g.At >= first.At && g.At <= last.At).Sum(g => (double)g.Bytes);
                Assert.True(sum <= (((last.At - first.At).TotalSeconds + 1.001) * perSecond) + 65_536, $"{sum} bytes in {last.At - first.At}");
            }
        }
    }, iter: 200);

    [Fact]
    public void What_is_not_bounded_does_not_wait_and_a_rate_that_is_said_later_counts_from_then_on()
    {
        var rate = new ByteRate();
        Assert.Equal(TimeSpan.Zero, rate.Take(int.MaxValue, TimeSpan.FromSeconds(10)));
        rate.BytesPerSecond = 1_000;
        Assert.Equal(TimeSpan.Zero, rate.Take(1_000, TimeSpan.FromSeconds(10)));
        Assert.Equal(TimeSpan.FromSeconds(2), rate.Take(2_000, TimeSpan.FromSeconds(10)));
        Assert.Equal(TimeSpan.FromSeconds(2), rate.Owed(TimeSpan.FromSeconds(10)));
        Assert.False(rate.IsRested(TimeSpan.FromSeconds(12)));
        Assert.True(rate.IsRested(TimeSpan.FromSeconds(13)));
        rate.BytesPerSecond = 0;
        Assert.Equal(TimeSpan.Zero, rate.Owed(TimeSpan.FromSeconds(10)));
    }
}
