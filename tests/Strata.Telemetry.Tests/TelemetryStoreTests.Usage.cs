using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Metering;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using static Strata.Telemetry.Tests.Writes;

namespace Strata.Telemetry.Tests;

/// <summary>What every store meters of its own commits, and keeps of what is metered elsewhere.</summary>
public abstract partial class TelemetryStoreTests
{
    private static readonly TenantId Other = TenantId.Parse("other");

    private protected ModelsOfTests Models { get; } = new();

    private DateTimeOffset Hour => UsageSums.HourOf(Time.GetUtcNow());

    private protected async Task<IReadOnlyList<UsageHour>> Usage(TenantId? tenant = null) =>
        await Store.UsageAsync(tenant ?? TenantId.Main, DateTimeOffset.UnixEpoch, Time.GetUtcNow().AddDays(1), Cancel);

    private protected async Task<long> Metered(TenantId? tenant = null) => (await Usage(tenant)).Sum(u => u.ReadingsStored);

    private static TelemetryWrite Used(long number, params UsageHour[] usage) =>
        new() { Tenant = TenantId.Main, Usage = usage, UsageStamp = Stamp(number, "$meter") };

    [Fact]
    public async Task Readings_messages_and_bytes_are_metered_by_hour_and_class_and_tenants_apart()
    {
        Models.Set(Room, "th-1");
        await Commit(Sized(40, Number(1, 0), Number(2, 1)), Sized(25, Number(3, 0, Hall)), Of(Other, null, [Number(4, 0, Hall)]));
        await Commit(Sized(60, new Reading(Room, Humidity, At(2), ReadingValue.OfText("größer"))));
        var hour = Hour;
        Time.Advance(TimeSpan.FromHours(1));
        await Commit(Sized(30, Number(5, 5)));
        UsageHour[] expected =
        [
            new(TenantId.Main, hour, "") { MessagesIn = 1, BytesIn = 25, ReadingsStored = 1, BytesStored = 16 },
            new(TenantId.Main, hour, "th-1") { MessagesIn = 2, BytesIn = 100, ReadingsStored = 3, BytesStored = 3 * 16 + 8 },
            new(TenantId.Main, hour.AddHours(1), "th-1") { MessagesIn = 1, BytesIn = 30, ReadingsStored = 1, BytesStored = 16 },
        ];
        Assert.Equal(expected, await Usage());
        Assert.Equal([new(Other, hour, "") { MessagesIn = 1, ReadingsStored = 1, BytesStored = 16 }], await Usage(Other));
        await ReopenAsync();
        Assert.Equal(expected, await Usage());
        Assert.Equal([expected[2]], await Store.UsageAsync(TenantId.Main, hour.AddHours(1.5), hour.AddHours(2), Cancel));
        Assert.Empty(await Store.UsageAsync(TenantId.Main, hour.AddHours(-1), hour, Cancel));
    }

    [Fact]
    public async Task A_device_that_gets_another_model_is_metered_under_it_from_then_on()
    {
        await Commit(Sized(10, Number(1, 0)));
        Models.Set(Room, "th-2");
        await Commit(Sized(10, Number(1, 1)));
        Assert.Equal([("", 1), ("th-2", 1)], (await Usage()).Select(u => (u.DeviceClass, u.ReadingsStored)));
    }

    [Fact]
    public async Task Beyond_a_hundred_classes_of_an_hour_devices_are_metered_as_other()
    {
        for (var i = 0; i < 150; i++)
        {
            Models.Set(DeviceId.Parse($"d{i}"), $"model-{i:000}");
            await Commit(Of(Number(i, 0, DeviceId.Parse($"d{i}"))));
            if (i == 60)
                await ReopenAsync();
        }
        var usage = await Usage();
        Assert.Equal(101, usage.Count);
        Assert.Equal(50, usage.Single(u => u.DeviceClass == UsageHour.OtherClass).ReadingsStored);
        Assert.Equal(150, usage.Sum(u => u.ReadingsStored));
    }

    [Fact]
    public async Task A_repeat_is_metered_once_whichever_way_it_comes()
    {
        await Commit(Of(Stamp(1), Number(1, 0), Number(2, 1)));
        // By its number: not even a message.
        await Commit(Of(Stamp(1), Number(1, 0), Number(2, 1)));
        Assert.Equal(1, (await Usage()).Sum(u => u.MessagesIn));
        // By its key, in the same commit twice, in the store before, and with another value.
        await Commit(Of(Number(3, 5), Number(3, 5)), Of(Number(4, 0), Number(2, 1), Number(5, 3)));
        Assert.Equal(4, await Metered());
        await Commit(Of(Number(6, 3), Number(7, 2.5), Number(8, 2.5)));
        Assert.Equal(5, await Metered());
        Assert.Equal(5, await Store.CountAsync(TenantId.Main, null, Cancel));
        Assert.Equal(5 * 16, (await Usage()).Sum(u => u.BytesStored));
        await ReopenAsync();
        Assert.Equal(5, await Metered());
        Assert.Equal(5, await Store.CountAsync(TenantId.Main, Room, Cancel));
    }

    [Fact]
    public async Task Rows_in_any_order_with_repeats_across_commits_and_restarts_meter_as_a_naive_store_does()
    {
        var random = new Random(7);
        var naive = new HashSet<(string Device, long Time)>();
        for (var commit = 0; commit < 60; commit++)
        {
            var readings = Enumerable.Range(0, random.Next(1, 40)).Select(_ => Number(random.Next(9), random.Next(commit, commit + 30), random.Next(2) == 0 ? Room : Hall)).ToArray();
            naive.UnionWith(readings.Select(r => (r.Device.Value, r.Time)));
            await Commit(Of(readings), Of(Other, null, readings));
            if (random.Next(4) == 0)
                Assert.Equal(naive.Count, await Metered());
            if (random.Next(8) == 0)
                await ReopenAsync();
        }
        Assert.Equal((naive.Count, naive.Count), (await Metered(), await Metered(Other)));
        Assert.Equal(naive.Count, await Store.CountAsync(TenantId.Main, null, Cancel));
        Assert.Equal(naive.Count(k => k.Device == Hall.Value), await Store.CountAsync(TenantId.Main, Hall, Cancel));
        Assert.Equal(naive.Count, (await Store.TotalsAsync(Other, Cancel)).Readings);
    }

    [Fact]
    public async Task What_is_metered_elsewhere_is_taken_once_a_number_and_gauges_keep_their_most()
    {
        var hour = Hour;
        var first = new UsageHour(TenantId.Main, hour, "") { ApiCalls = 5, MessagesOut = 7, BytesOut = 70, Devices = 9, Connections = 4, StorageBytes = 500 };
        await Commit(Used(1, first));
        await Commit(Used(1, first), Used(2, new UsageHour(TenantId.Main, hour, "") { ApiCalls = 2, Devices = 8, Connections = 6, StorageBytes = 400 }));
        await Commit(Used(3, new UsageHour(TenantId.Main, hour, "") { ApiCalls = 1 }, new UsageHour(TenantId.Main, hour, "th-1") { Connections = 2 }));
        UsageHour[] expected =
        [
            new(TenantId.Main, hour, "") { ApiCalls = 8, MessagesOut = 7, BytesOut = 70, Devices = 9, Connections = 6, StorageBytes = 400 },
            new(TenantId.Main, hour, "th-1") { Connections = 2 },
        ];
        Assert.Equal(expected, await Usage());
        await ReopenAsync();
        await Commit(Used(3, new UsageHour(TenantId.Main, hour, "") { ApiCalls = 1 }));
        Assert.Equal(expected, await Usage());
    }

    [Fact]
    public async Task Usage_without_a_number_is_refused()
    {
        var write = new TelemetryWrite { Tenant = TenantId.Main, Usage = [new UsageHour(TenantId.Main, Hour, "") { ApiCalls = 1 }] };
        await Assert.ThrowsAsync<ArgumentException>(() => Commit(write));
        Assert.Empty(await Usage());
    }

    [Fact]
    public async Task Entries_of_gateways_are_messages_and_what_is_made_here_is_none()
    {
        var window = new Stamped<WindowRecord>(Window(0, 0, 5), Stamp(1)) { Bytes = 150 };
        var happened = new Stamped<FleetEvent>(new FleetEvent(At(0), "device.silent", Room, null, "quiet"), null);
        await Commit(new TelemetryWrite { Tenant = TenantId.Main, Windows = [window], Events = [happened] });
        await Commit(new TelemetryWrite { Tenant = TenantId.Main, Windows = [window] });
        Assert.Equal([new(TenantId.Main, Hour, "") { MessagesIn = 1, BytesIn = 150 }], await Usage());
    }

    [Fact]
    public async Task Hours_of_usage_go_by_their_own_age_and_counts_do_not_suffer()
    {
        await Commit(Of(Number(1, 0), Number(2, 1), Number(2, 0.5)));
        Assert.Equal(3, await Metered());
        Time.Advance(TimeSpan.FromDays(2));
        await Commit(Of(Number(3, 2)));
        await Store.RetainAsync(new RetentionPolicy(TimeSpan.FromDays(300), TimeSpan.FromDays(300), null) { Usage = TimeSpan.FromDays(1) }, Cancel);
        Assert.Equal(1, await Metered());
        Assert.Equal(4, await Store.CountAsync(TenantId.Main, null, Cancel));
        await ReopenAsync();
        Assert.Equal(4, await Store.CountAsync(TenantId.Main, null, Cancel));
    }

    private static TelemetryWrite Sized(int bytes, params Reading[] readings)
    {
        var batch = new ReadingBatch();
        batch.BeginMessage();
        foreach (var reading in readings)
            batch.Add(reading);
        batch.EndMessage(null, default, bytes);
        return new TelemetryWrite { Tenant = TenantId.Main, Readings = batch };
    }
}
