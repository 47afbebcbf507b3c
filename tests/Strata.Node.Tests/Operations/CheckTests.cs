using Strata.Node.Operations;

namespace Strata.Node.Tests.Operations;

public sealed class CheckTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(10L << 30, "ok")]
    [InlineData(500L << 20, "degraded")]
    [InlineData(10L << 20, "failing")]
    [InlineData(0, "failing")]
    public void Disk_space_is_judged(long free, string status) => Assert.Equal(status, DiskCheck.Judge(free, "/data").Status);

    [Fact]
    public void A_full_disk_says_how_to_mend_it() => Assert.Contains("make room", DiskCheck.Judge(0, "/data").Detail, StringComparison.Ordinal);

    [Theory]
    [InlineData(0, "ok")]
    [InlineData(4, "ok")]
    [InlineData(-60, "degraded")]
    [InlineData(3600, "degraded")]
    public void A_clock_that_jumps_is_seen(int seconds, string status) => Assert.Equal(status, ClockCheck.Judge(Now, TimeSpan.FromSeconds(seconds)).Status);

    [Fact]
    public void A_clock_that_was_never_set_fails() => Assert.Equal("failing", ClockCheck.Judge(DateTimeOffset.UnixEpoch, TimeSpan.Zero).Status);

    [Theory]
    [InlineData(0, "ok")]
    [InlineData(0.9, "degraded")]
    public void A_queue_that_fills_is_seen(double filled, string status) => Assert.Equal(status, QueueCheck.Judge(filled).Status);

    [Theory]
    [InlineData("ok")]
    [InlineData("ok", "ok", "ok")]
    [InlineData("degraded", "ok", "degraded")]
    [InlineData("failing", "failing", "degraded")]
    public void A_node_is_as_well_as_its_worst_check(string expected, params string[] states) => Assert.Equal(expected, HealthStates.Worst(states));
}
