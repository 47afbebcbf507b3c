using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Telemetry.Decoding;
using Strata.Edge.Buffering;
using Strata.Edge.Reduction;
using Strata.Edge.Sources;
using Strata.Forwarding;

namespace Strata.Edge.Tests.Reduction;

public sealed class SampleReducerTests
{
    private static readonly DeviceId Device = DeviceId.Parse("room-101");

    [Fact]
    public async Task The_real_office_room_is_reduced_by_80_percent_and_no_carried_value_errs_by_more_than_its_band()
    {
        var options = new ReductionOptions { Immediate = [MetricName.Parse("occupancy")] };
        var reducer = new SampleReducer(Device, options, AgentMemo.StartOf("test"));
        var records = new List<ForwardRecord>();
        var held = new Dictionary<MetricName, double>();
        var lastReport = new Dictionary<MetricName, long>();
        var worst = new Dictionary<MetricName, double>();
        var source = new ReplaySource(new ReplayOptions(Samples.Occupancy) { Map = Samples.Room, Speed = double.PositiveInfinity }, TimeProvider.System, NullLogger.Instance);
        var carried = 0L;
        await foreach (var sample in source.ReadAsync(default, TestContext.Current.CancellationToken))
        {
            records.Clear();
            reducer.Take(sample, 0, records);
            foreach (var reading in records.SelectMany(Decode))
            {
                (held[reading.Metric], lastReport[reading.Metric]) = (reading.Value.Number, reading.Time);
                carried++;
            }
            foreach (var (metric, value) in sample.Values)
            {
                worst[metric] = Math.Max(worst.GetValueOrDefault(metric), Math.Abs(held[metric] - value.Number));
                Assert.InRange(sample.Time - lastReport[metric], 0, EventTime.Span(options.DeadBand.Heartbeat) - 1);
            }
        }
        var books = reducer.Save("test", default).Books;
        Assert.Equal((8143L * 6, books.ReadingsIn - books.Suppressed, carried), (books.ReadingsIn, books.Recorded, books.Recorded));
        Assert.Equal((books.ReadingsIn, books.Suppressed), (books.Metrics.Sum(m => m.In), books.Metrics.Sum(m => m.Suppressed)));
        Assert.All(worst, w => Assert.InRange(w.Value, 0, DeadBandOptions.DefaultBand(w.Key)));
        var reduction = (double)books.Suppressed / books.ReadingsIn;
        Assert.True(reduction >= 0.8, $"The edge alone reduces by {reduction:P2}.");
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{reduction:P2}; {string.Join("; ", books.Metrics.Select(m => $"{m.Metric} {(double)m.Suppressed / m.In:P2}, max error {worst[MetricName.Parse(m.Metric)]:G4}"))}");
    }

    [Fact]
    public void Two_values_of_a_metric_at_one_time_do_not_hide_one_another()
    {
        var reducer = new SampleReducer(Device, new ReductionOptions(), AgentMemo.StartOf("test"));
        var records = new List<ForwardRecord>();
        foreach (var value in new[] { 1.0, 2, 3 })
            reducer.Take(Sample(1_700_000_000_000_000, ("x", value)), 0, records);
        Assert.Equal(3, records.SelectMany(Decode).Select(r => r.Time).Distinct().Count());
    }

    [Fact]
    public void What_was_suppressed_is_told_with_the_next_batch_also_after_a_restart()
    {
        var reducer = new SampleReducer(Device, new ReductionOptions(), AgentMemo.StartOf("test"));
        var records = new List<ForwardRecord>();
        reducer.Take(Sample(1_700_000_000_000_000, ("temperature", 20), ("x", 1)), 0, records);
        reducer.Take(Sample(1_700_000_001_000_000, ("temperature", 20.1), ("x", 1)), 3, records);
        reducer = new SampleReducer(Device, new ReductionOptions(), AgentMemo.Read(reducer.Save("test", new SourcePosition(2, 3, 4)).Write()));
        reducer.Take(Sample(1_700_000_002_000_000, ("temperature", 20.4), ("x", 2)), 0, records);
        Assert.Equal([0L, 3L], records.Select(r => Batch.Read(r.Payload).Suppressed));
        var books = reducer.Save("test", default).Books;
        Assert.Equal((6L, 3L, 3L, 3L), (books.ReadingsIn, books.Suppressed, books.Recorded, books.BadRows));
    }

    [Fact]
    public void The_state_is_read_back_as_it_was_written()
    {
        var reducer = new SampleReducer(Device, new ReductionOptions(), AgentMemo.StartOf("test"));
        reducer.Take(
            new Sample(1_700_000_000_000_000, 1, default, [new(MetricName.Parse("a"), ReadingValue.OfText("open")), new(MetricName.Parse("b"), ReadingValue.OfBoolean(true))]), 0, []);
        var memo = reducer.Save("key", new SourcePosition(7, -8, 9));
        var read = AgentMemo.Read(memo.Write());
        Assert.Equivalent(memo, read, strict: true);
    }

    [Fact]
    public void More_metrics_than_have_books_are_all_sent()
    {
        var reducer = new SampleReducer(Device, new ReductionOptions(), AgentMemo.StartOf("test"));
        var records = new List<ForwardRecord>();
        var sample = Sample(1_700_000_000_000_000, [.. Enumerable.Range(0, 300).Select(i => ($"m{i}", 1.0))]);
        reducer.Take(sample, 0, records);
        reducer.Take(sample with { Time = sample.Time + 1_000_000 }, 0, records);
        var memo = reducer.Save("test", default);
        Assert.Equal((600L, 256L, 344L), (memo.Books.ReadingsIn, memo.Books.Suppressed, memo.Books.Recorded));
        Assert.Equal(256, memo.Reported.Count);
    }

    private static Sample Sample(long time, params (string Metric, double Value)[] values) =>
        new(time, time / 1000, default, [.. values.Select(v => new Measurement(MetricName.Parse(v.Metric), ReadingValue.OfNumber(v.Value)))]);

    private static IEnumerable<Reading> Decode(ForwardRecord record)
    {
        var batch = new ReadingBatch();
        batch.BeginMessage();
        Assert.True(PayloadDecoder.TryDecode(PayloadFormat.Json, Device, Batch.Read(record.Payload).Payload.Span, 4_000_000_000_000_000, batch, new PayloadLimits(), out var error), error.ToString());
        batch.EndMessage();
        Assert.Equal(record.Readings, batch.Count);
        return Enumerable.Range(0, batch.Count).Select(row => batch[row]).ToList();
    }
}
