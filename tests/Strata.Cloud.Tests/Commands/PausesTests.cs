using Strata.Cloud.Commands.Running;

namespace Strata.Cloud.Tests.Commands;

public sealed class PausesTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch.AddDays(20_000);

    private readonly Pauses<string> pauses = new(TimeSpan.FromSeconds(5));

    [Fact]
    public void A_pause_is_its_own_one_s_until_it_is_over_or_ended()
    {
        pauses.Begin("a", Start);
        pauses.Begin("b", Start);
        Assert.Equal((true, true, false), (pauses.IsOn("a", Start), pauses.IsOn("a", Start.AddSeconds(4.9)), pauses.IsOn("c", Start)));
        Assert.False(pauses.IsOn("a", Start.AddSeconds(5)));
        pauses.End("b");
        Assert.False(pauses.IsOn("b", Start));
    }

    [Fact]
    public void What_is_trimmed_is_over()
    {
        pauses.Begin("a", Start);
        pauses.Begin("b", Start.AddSeconds(3));
        pauses.Trim(Start.AddSeconds(6));
        Assert.Equal((false, true), (pauses.IsOn("a", Start.AddSeconds(1)), pauses.IsOn("b", Start.AddSeconds(6))));
    }

    [Fact]
    public void A_clock_that_is_set_back_keeps_nobody_waiting()
    {
        pauses.Begin("a", Start);
        Assert.False(pauses.IsOn("a", Start.AddHours(-1)));
    }
}
