using CsCheck;

namespace Strata.Core.Tests;

public sealed class DurationTextTests
{
    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("30s", 30_000)]
    [InlineData("5m", 300_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("2d", 172_800_000)]
    [InlineData("0s", 0)]
    public void A_duration_is_read(string text, long milliseconds)
    {
        Assert.True(DurationText.TryParse(text, out var duration));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("m")]
    [InlineData("5 m")]
    [InlineData("-5m")]
    [InlineData("1.5h")]
    [InlineData("5min")]
    [InlineData("30m1h")]
    [InlineData("1m1m")]
    [InlineData("99999999999999999999s")]
    [InlineData("40000d")]
    public void What_is_not_a_duration_is_refused(string text)
    {
        Assert.False(DurationText.TryParse(text, out _));
    }

    [Fact]
    public void Every_duration_reads_back_as_it_was_written()
    {
        Gen.Long[0, 3_153_600_000_000].Sample(milliseconds =>
        {
            var duration = TimeSpan.FromMilliseconds(milliseconds);
            return DurationText.TryParse(DurationText.Format(duration), out var back) && back == duration;
        });
    }
}
