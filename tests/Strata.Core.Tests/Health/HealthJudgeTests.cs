using CsCheck;
using Strata.Core.Devices;
using Strata.Core.Health;

namespace Strata.Core.Tests.Health;

public sealed class HealthJudgeTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);
    private static readonly HealthFacts Well = new() { LastHeard = Now.AddSeconds(-30), ListeningSince = Now.AddDays(-1), Heartbeat = TimeSpan.FromMinutes(5), Battery = 80, Voltage = 3.6, CutOff = 3.0, Rssi = -80 };

    public static TheoryData<HealthReason, HealthFacts, HealthFacts> Thresholds => new()
    {
        { HealthReason.Offline, Well with { LastHeard = Now.AddMinutes(-10) }, Well with { LastHeard = Now.AddMinutes(-10).AddSeconds(-1) } },
        { HealthReason.GatewayDown, Well with { LastHeard = Now.AddMinutes(-10), GatewayDown = true }, Well with { LastHeard = Now.AddMinutes(-11), GatewayDown = true } },
        { HealthReason.LowBattery, Well with { Battery = 20 }, Well with { Battery = 19.9 } },
        { HealthReason.LowVoltage, Well with { Voltage = 3.16 }, Well with { Voltage = 3.14 } },
        { HealthReason.Errors, Well with { Errors = 20 }, Well with { Errors = 21 } },
        { HealthReason.Errors, Well with { Errors = 50, ErrorCohort = new(500, 20, 10) }, Well with { Errors = 51, ErrorCohort = new(500, 20, 10) } },
        { HealthReason.Reboots, Well with { Reboots = 5 }, Well with { Reboots = 6 } },
        { HealthReason.Stuck, Well, Well with { StuckMetric = "temperature" } },
        { HealthReason.OutOfRange, Well, Well with { WrongMetric = "humidity", WrongValue = 130 } },
        { HealthReason.Gaps, Well with { Gaps = 20 }, Well with { Gaps = 20.5 } },
        { HealthReason.Late, Well with { Late = 20 }, Well with { Late = 21 } },
        { HealthReason.Duplicates, Well with { Duplicates = 1_000 }, Well with { Duplicates = 1_001 } },
        { HealthReason.WeakSignal, Well with { Rssi = -110 }, Well with { Rssi = -111 } },
        { HealthReason.WeakSignal, Well with { Rssi = -125, Snr = -17.9, SpreadingFactor = 12 }, Well with { Rssi = -100, Snr = -6, SpreadingFactor = 7 } },
        { HealthReason.Flapping, Well with { Flaps = 6 }, Well with { Flaps = 7 } },
        { HealthReason.ClockSkew, Well with { Skew = TimeSpan.FromMinutes(-2) }, Well with { Skew = TimeSpan.FromSeconds(-121) } },
    };

    [Theory]
    [MemberData(nameof(Thresholds))]
    public void A_reason_holds_beyond_its_threshold_and_not_at_it(HealthReason reason, HealthFacts at, HealthFacts beyond)
    {
        Assert.False(HealthJudge.Judge(at, HealthPolicy.Default, Now).Reasons.Contains(reason));
        var verdict = HealthJudge.Judge(beyond, HealthPolicy.Default, Now);
        Assert.Equal([reason], verdict.Reasons.List());
        Assert.Equal(100 - HealthReasons.WeightOf(reason), verdict.Score);
        Assert.Equal(HealthReasons.BucketOf(reason), verdict.Bucket);
        var finding = Assert.Single(HealthJudge.Explain(beyond, verdict.Reasons, HealthPolicy.Default, Now));
        Assert.Equal(reason, finding.Reason);
        Assert.NotEmpty(finding.Detail);
    }

    [Fact]
    public void Every_reason_has_a_threshold_that_is_tested()
    {
        Assert.Equal(HealthReasons.All, Thresholds.Select(t => t.Data.Item1).Distinct().Order());
    }

    [Fact]
    public void A_device_of_which_nothing_is_known_but_that_it_was_heard_is_healthy()
    {
        var verdict = HealthJudge.Judge(new HealthFacts { LastHeard = Now, Heartbeat = TimeSpan.FromMinutes(5) }, HealthPolicy.Default, Now);
        Assert.Equal(new HealthVerdict(100, default, HealthBucket.Healthy), verdict);
    }

    [Theory]
    [InlineData(24 * 60, null, 2 * 24 * 60)] // It was registered as one that speaks once a day.
    [InlineData(5, 24 * 60, 2 * 24 * 60)] // It was learned to be.
    [InlineData(5, 1, 10)]
    public void Offline_means_two_of_the_devices_own_intervals_where_those_are_longer(int heartbeat, int? learned, int expected)
    {
        var facts = Well with { Heartbeat = TimeSpan.FromMinutes(heartbeat), Interval = learned is { } l ? TimeSpan.FromMinutes(l) : null };
        Assert.Equal(TimeSpan.FromMinutes(expected), HealthJudge.OfflineAfter(facts, HealthPolicy.Default));
        Assert.True(HealthJudge.Judge(facts with { LastHeard = Now.AddMinutes(-expected) }, HealthPolicy.Default, Now).Reasons.IsEmpty);
        Assert.Equal(HealthBucket.Offline, HealthJudge.Judge(facts with { LastHeard = Now.AddMinutes(-expected - 1), ListeningSince = DateTimeOffset.MinValue }, HealthPolicy.Default, Now).Bucket);
    }

    [Fact]
    public void Silence_is_counted_from_the_nodes_start_at_the_earliest()
    {
        var facts = Well with { LastHeard = Now.AddDays(-3), ListeningSince = Now.AddMinutes(-9) };
        Assert.Equal(HealthBucket.Healthy, HealthJudge.Judge(facts, HealthPolicy.Default, Now).Bucket);
        Assert.Equal(HealthBucket.Offline, HealthJudge.Judge(facts, HealthPolicy.Default, Now.AddMinutes(2)).Bucket);
    }

    [Fact]
    public void A_gateway_that_hears_nothing_of_a_device_is_believed_before_the_time_is_up()
    {
        Assert.Equal(HealthBucket.Offline, HealthJudge.Judge(Well with { SilentAtGateway = true }, HealthPolicy.Default, Now).Bucket);
    }

    [Theory]
    [InlineData(DeviceState.Maintenance, false, HealthBucket.Maintenance)]
    [InlineData(DeviceState.Active, true, HealthBucket.Maintenance)]
    [InlineData(DeviceState.Active, false, HealthBucket.LowBattery)]
    public void In_maintenance_what_is_wrong_is_expected(DeviceState state, bool inWindow, HealthBucket expected)
    {
        var verdict = HealthJudge.Judge(Well with { State = state, InWindow = inWindow, Battery = 3 }, HealthPolicy.Default, Now);
        Assert.Equal(expected, verdict.Bucket);
        Assert.Equal(55, verdict.Score);
    }

    [Fact]
    public void A_device_that_was_never_heard_waits()
    {
        Assert.Equal(HealthBucket.Waiting, HealthJudge.Judge(Well with { LastHeard = null, State = DeviceState.Provisioning }, HealthPolicy.Default, Now).Bucket);
    }

    [Fact]
    public void Whatever_holds_the_bucket_is_the_first_in_precedence_and_the_score_the_sum()
    {
        var facts =
            from heard in Gen.Int[0, 40]
            from down in Gen.Bool
            from battery in Gen.Int[0, 100]
            from voltage in Gen.Int[28, 40]
            from errors in Gen.Int[0, 40]
            from reboots in Gen.Int[0, 10]
            from gaps in Gen.Int[0, 40]
            from rssi in Gen.Int[-130, -60]
            from flaps in Gen.Int[0, 12]
            from skew in Gen.Int[-300, 300]
            select Well with
            {
                LastHeard = Now.AddMinutes(-heard), GatewayDown = down, Battery = battery, Voltage = voltage / 10.0, Errors = errors, Reboots = reboots, Gaps = gaps, Rssi = rssi, Flaps = flaps,
                Skew = TimeSpan.FromSeconds(skew),
            };
        facts.Sample(f =>
        {
            var verdict = HealthJudge.Judge(f, HealthPolicy.Default, Now);
            // Said again, slowly.
            var wrong = new List<(HealthReason Reason, bool Holds)>
            {
                (HealthReason.GatewayDown, Now - f.LastHeard > TimeSpan.FromMinutes(10) && f.GatewayDown), (HealthReason.Offline, Now - f.LastHeard > TimeSpan.FromMinutes(10) && !f.GatewayDown),
                (HealthReason.LowBattery, f.Battery < 20), (HealthReason.LowVoltage, f.Voltage < 3.15), (HealthReason.Errors, f.Errors > 20), (HealthReason.Reboots, f.Reboots > 5),
                (HealthReason.Gaps, f.Gaps > 20), (HealthReason.WeakSignal, f.Rssi < -110), (HealthReason.Flapping, f.Flaps > 6), (HealthReason.ClockSkew, Math.Abs(f.Skew.TotalSeconds) > 120),
            }.Where(w => w.Holds).Select(w => w.Reason).ToList();
            Assert.Equal(wrong, verdict.Reasons.List());
            Assert.Equal(Math.Max(0, 100 - wrong.Sum(HealthReasons.WeightOf)), verdict.Score);
            Assert.Equal(wrong.Count == 0 ? HealthBucket.Healthy : wrong.Select(HealthReasons.BucketOf).Min(), verdict.Bucket);
        });
    }

    [Fact]
    public void Thresholds_out_of_their_range_are_refused_by_name()
    {
        Assert.Null(HealthPolicy.Default.Check());
        Assert.Equal("lowBatteryPercent", (HealthPolicy.Default with { LowBatteryPercent = 0 }).Check()!.Field);
        Assert.Equal("activeFrom", (HealthPolicy.Default with { DegradedBelow = 90 }).Check()!.Field);
        Assert.Equal("offlineAfter", (HealthPolicy.Default with { OfflineAfter = TimeSpan.FromSeconds(1) }).Check()!.Field);
    }
}
