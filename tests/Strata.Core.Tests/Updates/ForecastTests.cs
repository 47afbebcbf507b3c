using Strata.Core.Devices;
using Strata.Core.Updates.Rehearsal;
using Strata.Core.Updates.Rings;
using Strata.Core.Updates.Rollouts;

namespace Strata.Core.Tests.Updates;

/// <summary>What a rehearsal says of a rollout: bytes, airtime, battery, time, and whom a bad build would reach.</summary>
public sealed class ForecastTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Theory]
    [InlineData("lora-2aa", "lora")]
    [InlineData("nb-iot", "nbiot")]
    [InlineData("LTE-M", "ltem")]
    [InlineData("mains", null)]
    [InlineData(null, null)]
    public void A_link_is_known_by_the_power_profile(string? profile, string? radio) => Assert.Equal(radio, RadioKind.Of(profile)?.Name);

    [Fact]
    public void Airtime_and_battery_follow_from_the_bytes_and_the_link()
    {
        var lora = RadioKind.Of("lora-2aa")!;
        // 547,000 bytes are 4,376,000 bits: 800 s at 5,470 bit/s, at 12 mA 2.667 mAh of 2,600.
        Assert.Equal(800, lora.Airtime(547_000).TotalSeconds, 3);
        Assert.Equal(100 * (12 * 800 / 3_600.0) / 2_600, lora.BatteryPercent(547_000), 6);
    }

    [Fact]
    public void A_bad_build_hits_a_ring_and_those_before_it_and_bytes_are_of_all()
    {
        var made = RolloutForecast.Make(Plan(), [.. Enumerable.Range(0, 1_000).Select(i => Device(i, bytes: 1_000 + i))]);
        Assert.Equal([10, 90, 400, 500], made.Rings.Select(r => r.Targets));
        Assert.Equal([10, 100, 500, 1_000], made.Rings.Select(r => r.Hit));
        Assert.Equal(Enumerable.Range(0, 1_000).Sum(i => 1_000L + i), made.Bytes);
        Assert.Equal((TimeSpan.Zero, 0), (made.Airtime, made.BatteryPercent));
    }

    [Fact]
    public void Airtime_and_battery_are_those_of_whom_it_costs_most()
    {
        var (lora, wifi) = (RadioKind.Of("lora")!, RadioKind.Of("wifi")!);
        var made = RolloutForecast.Make(Plan(), [Device(0, 10_000, lora), Device(1, 10_000, wifi), Device(2, 10_000)]);
        Assert.Equal(lora.Airtime(10_000), made.Airtime);
        Assert.Equal(lora.BatteryPercent(10_000), made.BatteryPercent, 9);
    }

    [Fact]
    public void A_ring_takes_as_long_as_its_devices_ask_and_as_the_pace_allows()
    {
        var soak = Plan().Rings.Rings.Aggregate(TimeSpan.Zero, (sum, r) => sum + r.Soak);
        var each = (2 * Hour) + TimeSpan.FromMinutes(1);
        // Two intervals and a minute, with nothing to download, and a thousand offers a minute: ring after ring.
        var plain = RolloutForecast.Make(Plan(), [.. Enumerable.Range(0, 1_000).Select(i => Device(i))]);
        Assert.All(plain.Rings, r => Assert.Equal(each + TimeSpan.FromMinutes(r.Targets / 1_000.0), r.Installing));
        Assert.Equal(soak + (4 * each) + TimeSpan.FromMinutes(1), plain.Expected);
        // 500 devices of the last ring at one in a minute.
        var slow = RolloutForecast.Make(Plan() with { Pace = new RolloutPace(PerMinute: 1) }, [.. Enumerable.Range(0, 1_000).Select(i => Device(i))]);
        Assert.Equal(each + TimeSpan.FromMinutes(500), slow.Rings[^1].Installing);
        // All 500 behind one gateway that takes 50 at a time: ten turns.
        var behind = RolloutForecast.Make(Plan(), [.. Enumerable.Range(0, 1_000).Select(i => Device(i, gateway: "gw-1"))]);
        Assert.Equal(10 * each, behind.Rings[^1].Installing);
        // One of a hundred that asks once a day is not waited for; six of a hundred are.
        Assert.InRange(WithSlow(1), each, 2 * each);
        Assert.Equal((2 * TimeSpan.FromDays(1)) + TimeSpan.FromMinutes(1), WithSlow(6));

        static TimeSpan WithSlow(int slow) => RolloutForecast.Make(
            Plan() with { Rings = new RingPlan([new Ring(1, 1, Hour)]) }, [.. Enumerable.Range(0, 100).Select(i => Device(i, interval: i < slow ? TimeSpan.FromDays(1) : Hour))]).Rings[0].Installing;
    }

    private static RolloutPlan Plan() => new() { Id = "r1", Name = "test", CreatedBy = "ada", Created = DateTimeOffset.UnixEpoch, Artifact = "app/2.0/y", Component = "app", Version = "2.0" };

    private static RehearsedDevice Device(int i, long bytes = 0, RadioKind? radio = null, string? gateway = null, TimeSpan? interval = null) =>
        new(new RolloutCandidate(new RolloutTarget(DeviceId.Parse($"d-{i}"), null, "m", null, gateway), interval ?? Hour, "1.0"), bytes, radio);
}
