using Microsoft.Extensions.Time.Testing;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Telemetry.Ingest;
using static Strata.Telemetry.Tests.Writes;

namespace Strata.Telemetry.Tests;

public sealed class LatestValuesTests : IAsyncDisposable
{
    private readonly FakeTimeProvider time = new();
    private readonly GatedStore store = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => store.DisposeAsync();

    [Fact]
    public async Task The_newest_by_time_wins_and_at_the_same_time_the_later_commit()
    {
        var latest = Of(1000);
        Observe(latest, Number(1, 10), Number(2, 5), Number(3, 10), Number(4, 0, Room, Humidity));
        Assert.True(latest.TryGet(TenantId.Main, Room, Temperature, out var reading));
        Assert.Equal(Number(3, 10), reading);
        Assert.False(latest.TryGet(TenantId.Parse("other"), Room, Temperature, out _));
        Assert.Equal([Number(4, 0, Room, Humidity), Number(3, 10)], await latest.OfAsync(TenantId.Main, Room, Cancel));
    }

    [Fact]
    public async Task A_device_is_fetched_once_and_what_was_committed_meanwhile_stands()
    {
        store.Latest = [Number(1, 5), Number(2, 10, Room, Humidity), Number(7, 1, Hall)];
        var latest = Of(1000);
        Observe(latest, Number(3, 5), Number(4, 9, Room, Humidity));
        for (var i = 0; i < 2; i++)
            Assert.Equal([Number(2, 10, Room, Humidity), Number(3, 5)], await latest.OfAsync(TenantId.Main, Room, Cancel));
        Assert.Equal(1, store.LatestQueries);
        Assert.Equal([Number(7, 1, Hall), Number(2, 10, Room, Humidity), Number(3, 5)], await latest.OfAsync(TenantId.Main, [Hall, Room], Cancel));
        Assert.Equal(2, store.LatestQueries);
    }

    [Fact]
    public async Task Warm_no_device_is_fetched_neither_old_nor_new_until_some_must_make_room()
    {
        store.Latest = [Number(1, 5), Number(7, 1, Hall)];
        var latest = Of(100);
        Observe(latest, Number(2, 6));
        await latest.WarmAsync(TenantId.Main, Cancel);
        Observe(latest, Number(3, 0, DeviceId.Parse("new")));
        foreach (var (device, value) in new[] { (Room, 2.0), (Hall, 7.0), (DeviceId.Parse("new"), 3.0) })
        {
            Assert.True(latest.Holds(TenantId.Main, device));
            Assert.Equal(value, Assert.Single(await latest.OfAsync(TenantId.Main, [device], Cancel)).Value.Number);
        }
        Assert.Equal(1, store.LatestQueries);

        for (var i = 0; i < 150; i++)
            Observe(latest, Number(i, i, DeviceId.Parse($"d{i}")));
        Observe(latest, Number(4, 9, DeviceId.Parse("late")));
        Assert.False(latest.Holds(TenantId.Main, DeviceId.Parse("late")));
        Assert.False(latest.Holds(TenantId.Parse("other"), Room));
    }

    [Fact]
    public async Task More_values_than_there_is_room_for_are_fetched_as_they_are_asked_for()
    {
        store.Latest = [.. Enumerable.Range(0, 150).Select(i => Number(i, i, DeviceId.Parse($"d{i}")))];
        var latest = Of(100);
        await latest.WarmAsync(TenantId.Main, Cancel);
        Assert.InRange(latest.Count, 0, 100);
        Assert.Equal(149, Assert.Single(await latest.OfAsync(TenantId.Main, [DeviceId.Parse("d149")], Cancel)).Value.Number);
    }

    [Fact]
    public void Repeated_messages_change_nothing()
    {
        var latest = Of(1000);
        var write = Writes.Of(Number(1, 0));
        write.Readings!.SetOutcome(0, MessageOutcome.Repeated);
        latest.OnCommitted([write], new CommitReport(1, 0, 1, default));
        Assert.Equal(0, latest.Count);
    }

    [Fact]
    public async Task Memory_is_bounded_and_the_least_used_devices_go()
    {
        var latest = Of(100);
        for (var i = 0; i < 150; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            Observe(latest, Number(i, i, DeviceId.Parse($"d{i}")));
            await latest.OfAsync(TenantId.Main, DeviceId.Parse("d0"), Cancel);
        }
        Assert.InRange(latest.Count, 80, 100);
        Assert.True(latest.TryGet(TenantId.Main, DeviceId.Parse("d0"), Temperature, out _));
        Assert.False(latest.TryGet(TenantId.Main, DeviceId.Parse("d1"), Temperature, out _));
        Assert.True(latest.TryGet(TenantId.Main, DeviceId.Parse("d149"), Temperature, out _));
    }

    private LatestValues Of(int max) => new(store, new IngestOptions { MaxLatestValues = max }, time);

    private static void Observe(LatestValues latest, params Reading[] readings) => latest.OnCommitted([Writes.Of(readings)], new CommitReport(1, readings.Length, 0, default));
}
