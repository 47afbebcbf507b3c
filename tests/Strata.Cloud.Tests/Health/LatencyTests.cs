using Strata.Cloud.Health.Book;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Gate;

namespace Strata.Cloud.Tests.Health;

/// <summary>A device's latency, from what it says to what the gate of a rollout sees of it.</summary>
public sealed class LatencyTests : IAsyncLifetime
{
    private readonly MovedCloud cloud = new();
    private TestFleet fleet = null!;

    public async ValueTask InitializeAsync()
    {
        await cloud.InitializeAsync();
        fleet = new TestFleet(cloud);
    }

    public ValueTask DisposeAsync() => cloud.DisposeAsync();

    [Fact]
    public async Task A_device_that_has_become_slow_is_ill_by_that_alone_and_one_that_was_late_once_is_not()
    {
        await fleet.RegisterAsync(TestFleet.Device("slow"), TestFleet.Device("once"), TestFleet.Device("new"));
        for (var i = 0; i < 5; i++)
        {
            await SayAsync("slow", TimeSpan.FromSeconds(30));
            await SayAsync("once", TimeSpan.FromSeconds(30));
        }
        await SayAsync("new", TimeSpan.FromSeconds(30));
        var (slow, once) = (SignsOf("slow"), SignsOf("once"));
        Assert.InRange(slow.LatencyMs, 30_000, 59_000);
        Assert.Equal(float.NaN, SignsOf("new").LatencyMs);

        await SayAsync("once", TimeSpan.FromMinutes(5));
        for (var i = 0; i < 4; i++)
        {
            await SayAsync("slow", TimeSpan.FromMinutes(2));
            await SayAsync("once", TimeSpan.FromSeconds(30));
        }
        const int byLatency = 1 << (int)HealthMetric.Latency;
        Assert.Equal(byLatency, SignsOf("slow").IllBy(slow) & byLatency);
        Assert.Equal(0, SignsOf("once").IllBy(once) & byLatency);
    }

    [Fact]
    public async Task What_a_gateway_held_back_teaches_nothing()
    {
        await fleet.RegisterAsync(TestFleet.Device("d-1"));
        for (var i = 0; i < 5; i++)
            await SayAsync("d-1", TimeSpan.FromSeconds(30));
        var before = SignsOf("d-1").LatencyMs;
        for (var i = 0; i < 7; i++)
            await SayAsync("d-1", TimeSpan.FromHours(1) - TimeSpan.FromMinutes(5 * i), isLive: false);
        Assert.Equal(before, SignsOf("d-1").LatencyMs);
    }

    [Fact]
    public async Task What_was_learned_is_kept_over_a_restart()
    {
        await fleet.RegisterAsync(TestFleet.Device("d-1"));
        for (var i = 0; i < 5; i++)
            await SayAsync("d-1", TimeSpan.FromSeconds(30));
        var record = fleet.Get<HealthBook>().Find(TenantId.Main, DeviceId.Parse("d-1"))!;
        var (before, again) = (record.Signs(false, fleet.Now).LatencyMs, DeviceRecord.Restore(record.Keep()).Signs(false, fleet.Now).LatencyMs);
        Assert.InRange(before, 30_000, 59_000);
        Assert.Equal(before, again);
    }

    [Fact]
    public void What_was_kept_before_there_was_a_latency_says_nothing_of_it() => Assert.Equal(float.NaN, DeviceRecord.Restore(new KeptHealth()).Signs(false, DateTimeOffset.UnixEpoch).LatencyMs);

    private HealthSigns SignsOf(string id) => fleet.Get<IDeviceSigns>().Look(TenantId.Main)(fleet.Get<IFleet>().Find(TenantId.Main, DeviceId.Parse(id))!).Signs;

    /// <summary>What the device has measured so long ago arrives now, ten minutes after what it said before.</summary>
    private async Task SayAsync(string id, TimeSpan ago, bool isLive = true)
    {
        fleet.Pass(TimeSpan.FromMinutes(10));
        await cloud.CommitAsync(id, ("temperature", EventTime.From(fleet.Now - ago), ReadingValue.OfNumber(20.5)));
        fleet.Hear(id, isLive: isLive);
        await fleet.LookAsync();
    }
}
