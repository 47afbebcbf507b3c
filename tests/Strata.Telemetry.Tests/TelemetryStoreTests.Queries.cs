using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using static Strata.Telemetry.Tests.Writes;

namespace Strata.Telemetry.Tests;

/// <summary>Ranges, pages, aggregates.</summary>
public abstract partial class TelemetryStoreTests
{
    [Fact]
    public async Task A_range_includes_its_start_and_not_its_end()
    {
        await Commit(Of(Number(1, 0), Number(2, 1), Number(3, 2)));
        Assert.Equal([Number(2, 1)], await Read(new ReadingRange { From = At(1), To = At(2) }));
        Assert.Equal([Number(3, 2)], await Read(new ReadingRange { From = At(2) }));
        Assert.Equal([Number(1, 0)], await Read(new ReadingRange { Devices = [Room], To = At(1) }));
    }

    [Fact]
    public async Task Devices_and_metrics_select_as_a_union()
    {
        Reading[] all = [Number(1, 0, Room, Humidity), Number(2, 0, Room), Number(3, 0, Hall, Humidity), Number(4, 0, Hall)];
        await Commit(Of(all));
        Assert.Equal(all, await Read());
        Assert.Equal(all[2..], await Read(new ReadingRange { Devices = [Hall] }));
        Assert.Equal([all[1], all[3]], await Read(new ReadingRange { Metrics = [Temperature] }));
        Assert.Equal([all[0]], await Read(new ReadingRange { Devices = [Room], Metrics = [Humidity] }));
        Assert.Equal(all, await Read(new ReadingRange { Devices = [Room, Hall, Room], Metrics = [Humidity, Temperature] }));
        Assert.Empty(await Read(new ReadingRange { Devices = [Strata.Core.Devices.DeviceId.Parse("nobody")] }));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Pages_follow_each_other_without_hole_or_repeat(bool oneSeries)
    {
        var random = new Random(7);
        for (var i = 0; i < 10; i++)
            await Commit(Of(Enumerable.Range(0, 20).Select(_ => Number(
                random.Next(100), random.Next(25), random.Next(2) == 0 ? Room : Hall, random.Next(2) == 0 ? Temperature : Humidity))));
        var range = oneSeries ? new ReadingRange { Devices = [Room], Metrics = [Temperature], Limit = 7 } : new ReadingRange { Limit = 7 };
        var paged = new List<Reading>();
        while (await Read(range) is { Count: > 0 } page)
        {
            paged.AddRange(page);
            range = range with { After = (page[^1].Time, page[^1].Device, page[^1].Metric) };
        }
        Assert.Equal(await Read(range with { Limit = 1000, After = null }), paged);
    }

    [Fact]
    public async Task Aggregates_equal_a_naive_computation()
    {
        var random = new Random(11);
        var readings = Enumerable.Range(0, 500).Select(i => Number(
            Math.Round(random.NextDouble() * 30, 2), i * 1.7 - 300, random.Next(2) == 0 ? Room : Hall, random.Next(2) == 0 ? Temperature : Humidity)).ToArray();
        foreach (var chunk in readings.OrderBy(_ => random.Next()).Chunk(60))
            await Commit(Of(chunk));
        await Commit(Of(readings[..50]));
        const long every = 60_000_000;
        var functions = Enum.GetValues<AggregateFunction>();
        var rows = await Store.AggregateAsync(TenantId.Main, new ReadingRange(), every, functions, Cancel);
        var expected = readings.GroupBy(r => (Start: r.Time / every * every, Device: r.Device.Value, Metric: r.Metric.Value)).OrderBy(g => g.Key).ToArray();
        Assert.Equal(expected.Select(g => g.Key), rows.Select(r => (r.Start, r.Device.Value, r.Metric.Value)));
        foreach (var (group, row) in expected.Zip(rows))
            foreach (var (function, value) in functions.Zip(row.Values))
                Assert.Equal(Naive(function, [.. group.OrderBy(r => r.Time).Select(r => r.Value.Number)]), value!.Value, 9);
    }

    [Fact]
    public async Task Texts_are_counted_and_booleans_averaged()
    {
        await Commit(Of(
            new Reading(Room, Temperature, At(0), ReadingValue.OfText("off")), new Reading(Room, Humidity, At(0), ReadingValue.OfBoolean(true)),
            new Reading(Room, Humidity, At(1), ReadingValue.OfBoolean(false))));
        AggregateFunction[] functions = [AggregateFunction.Avg, AggregateFunction.Count, AggregateFunction.Last];
        var rows = await Store.AggregateAsync(TenantId.Main, new ReadingRange(), 60_000_000, functions, Cancel);
        Assert.Equal([0.5, 2, 0], rows[0].Values);
        Assert.Equal([null, 1, null], rows[1].Values);
    }

    [Fact]
    public async Task Aggregates_are_paged_and_buckets_before_1970_start_below_their_times()
    {
        await Commit(Of(Enumerable.Range(0, 10).SelectMany(i => new[] { Number(i, i * 60), Number(i, i * 60, Hall) })));
        await Commit(Of(new Reading(Room, Temperature, -1, ReadingValue.OfNumber(1))));
        var range = new ReadingRange { Limit = 3 };
        var rows = new List<AggregateRow>();
        while (await Store.AggregateAsync(TenantId.Main, range, 60_000_000, [AggregateFunction.Count], Cancel) is { Count: > 0 } page)
        {
            rows.AddRange(page);
            range = range with { After = (page[^1].Start, page[^1].Device, page[^1].Metric) };
        }
        Assert.Equal(21, rows.Count);
        Assert.Equal(-60_000_000, rows[0].Start);
        Assert.All(rows, r => Assert.Equal(1, r.Values[0]));
    }

    [Fact]
    public async Task Latest_is_the_newest_by_time_not_by_arrival()
    {
        await Commit(Of(Number(1, 10), Number(2, 5), Number(3, 0, Hall)));
        await Commit(Of(Number(4, 7), Number(5, 10), Number(6, 1, Hall, Humidity)));
        Assert.Equal([Number(5, 10)], await Store.LatestAsync(TenantId.Main, [Room], Cancel));
        Assert.Equal([Number(5, 10), Number(6, 1, Hall, Humidity), Number(3, 0, Hall)], await Store.LatestAsync(TenantId.Main, [], Cancel));
        await ReopenAsync();
        Assert.Equal([Number(5, 10)], await Store.LatestAsync(TenantId.Main, [Room], Cancel));
    }

    private static double Naive(AggregateFunction function, double[] values) => function switch
    {
        AggregateFunction.Avg => values.Average(),
        AggregateFunction.Min => values.Min(),
        AggregateFunction.Max => values.Max(),
        AggregateFunction.Count => values.Length,
        AggregateFunction.Last => values[^1],
        AggregateFunction.Sum => values.Sum(),
        _ => Math.Sqrt(values.Average(v => Math.Pow(v - values.Average(), 2))),
    };
}
