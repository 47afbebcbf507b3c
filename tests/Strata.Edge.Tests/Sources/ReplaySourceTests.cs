using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Strata.Core.Telemetry;
using Strata.Edge.Sources;

namespace Strata.Edge.Tests.Sources;

public sealed class ReplaySourceTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly FakeTimeProvider time = new(Now);

    [Fact]
    public async Task The_occupancy_file_whose_header_lacks_a_column_is_read_whole()
    {
        var (samples, bad) = await ReadAsync(Fast(Samples.Occupancy) with { Map = Samples.Room });
        Assert.Equal((8143, 0), (samples.Count, bad));
        Assert.Equal(EventTime.From(new DateTimeOffset(2015, 2, 4, 17, 51, 0, TimeSpan.Zero)), samples[0].Time);
        Assert.Equal(["23.18", "27.272", "426", "721.25", "0.00479298817650529", "1"], samples[0].Values.Select(v => v.Value.ToString()));
        Assert.Equal(EventTime.From(new DateTimeOffset(2015, 2, 10, 9, 33, 0, TimeSpan.Zero)), samples[^1].Time);
    }

    [Fact]
    public async Task Without_a_mapping_every_column_becomes_a_metric_under_its_small_name()
    {
        var (samples, _) = await ReadAsync(Fast(Samples.Occupancy));
        Assert.Equal(["temperature", "humidity", "light", "co2", "humidityRatio", "occupancy"], samples[0].Values.Select(v => v.Metric.Value));
    }

    [Fact]
    public async Task Degrees_Fahrenheit_become_degrees_Celsius_and_a_clock_that_goes_back_costs_its_rows()
    {
        var (samples, bad) = await ReadAsync(Fast(Samples.Machine) with { Map = [ColumnMapping.Parse("temperature=value:degF")] });
        Assert.Equal((22_695 - 12, 12), (samples.Count, bad));
        Assert.Equal((73.96732207 - 32) / 1.8, samples[0].Values[0].Value.Number, 9);
        Assert.All(samples.Zip(samples.Skip(1)), pair => Assert.True(pair.First.Time < pair.Second.Time));
    }

    [Fact]
    public async Task With_an_offset_every_row_comes_once_and_the_times_go_on_after_the_end()
    {
        var (plain, _) = await ReadAsync(Fast(Samples.Occupancy));
        var (turned, bad) = await ReadAsync(Fast(Samples.Occupancy) with { Offset = ReplayOffset.Parse("36h") });
        Assert.Equal((8143, 0), (turned.Count, bad));
        Assert.Equal(plain[0].Time + EventTime.Span(TimeSpan.FromHours(36)), turned[0].Time);
        Assert.All(turned.Zip(turned.Skip(1)), pair => Assert.InRange(pair.Second.Time - pair.First.Time, 59_000_000, 61_000_000));
        Assert.Equal(
            plain.Select(s => string.Join(' ', s.Values)).Order(), turned.Select(s => string.Join(' ', s.Values)).Order());
    }

    [Fact]
    public async Task A_part_of_the_file_is_an_offset_too()
    {
        var (plain, _) = await ReadAsync(Fast(Samples.Machine));
        var (turned, bad) = await ReadAsync(Fast(Samples.Machine) with { Offset = ReplayOffset.Parse("75%") });
        Assert.Equal((plain.Count, 12), (turned.Count, bad));
        Assert.Equal(plain[(int)(plain.Count * 0.75)].Values[0].Value, turned[0].Values[0].Value);
        Assert.All(turned.Zip(turned.Skip(1)), pair => Assert.True(pair.First.Time < pair.Second.Time));
    }

    [Theory]
    [InlineData("0%")]
    [InlineData("36h")]
    public async Task A_shifted_replay_ends_at_its_own_end(string offset)
    {
        var options = new ReplayOptions(Samples.Occupancy) { ShiftEnd = new ShiftEnd(null), Speed = 2880, Offset = ReplayOffset.Parse(offset) };
        var samples = new List<Sample>();
        await using var replay = new ReplaySource(options, time, NullLogger.Instance).ReadAsync(default, CancellationToken.None).GetAsyncEnumerator(CancellationToken.None);
        while (true)
        {
            var next = replay.MoveNextAsync().AsTask();
            while (!next.IsCompleted)
            {
                time.Advance(TimeSpan.FromMilliseconds(5));
                await Task.Yield();
            }
            if (!await next)
                break;
            samples.Add(replay.Current);
        }
        Assert.Equal(8143, samples.Count);
        Assert.All(samples, s => Assert.True(s.Time <= s.SampledAt * 1000, "A reading lies in the future."));
        var end = Now + (TimeSpan.FromMinutes(8143 - 1) / 2880);
        Assert.InRange(EventTime.ToDateTimeOffset(samples[^1].Time), end.AddSeconds(-0.1), end.AddSeconds(0.1));
    }

    [Fact]
    public async Task A_replay_goes_on_after_any_position_as_if_it_had_not_stopped()
    {
        var options = Fast(Samples.Occupancy) with { Offset = ReplayOffset.Parse("10%"), ShiftEnd = new ShiftEnd(Now) };
        var (whole, _) = await ReadAsync(options);
        foreach (var at in new[] { 0, 1, 4000, 7329, 7330, 8141, 8142 })
        {
            var (rest, _) = await ReadAsync(options, whole[at].Next);
            Assert.Equal(whole.Skip(at + 1).Select(Describe), rest.Select(Describe));
        }
    }

    [Fact]
    public async Task Bad_rows_are_counted_and_said_and_cost_nothing_else()
    {
        using var folder = new TemporaryFolder();
        var log = new ListLogger();
        var file = folder.File("bad.csv", "time,a,b\n2020-01-01 00:00:00,1,2\nnonsense\n2020-01-01 00:00:01,x,2\n2020-01-01 00:00:02,,4\n2020-01-32,1,1\n2020-01-01 00:00:03,NaN,1\n2020-01-01 00:00:04,7,\"8\"\n");
        var source = new ReplaySource(Fast(file), time, log);
        var samples = new List<Sample>();
        await foreach (var sample in source.ReadAsync(default, TestContext.Current.CancellationToken))
            samples.Add(sample);
        Assert.Equal(4, source.BadRows);
        Assert.Equal([2, 1, 2], samples.Select(s => s.Values.Count));
        Assert.Equal([3, 4, 6, 7], log.Lines.Select(l => int.Parse(l.Split("line ")[1].Split(' ')[0], null)));
    }

    [Fact]
    public void A_thousand_bad_rows_do_not_fill_the_log()
    {
        var log = new ListLogger();
        var bad = new BadInputLog("file", "row", log);
        for (var i = 0; i < 1000; i++)
            bad.Report(i, "it is bad");
        Assert.Equal(1000, bad.Count);
        Assert.InRange(log.Lines.Count, 10, 20);
    }

    [Theory]
    [InlineData("time,a\n1600000000000,1\n", null, 1_600_000_000_000_000)]
    [InlineData("time,a\n1600000000,1\n", "s", 1_600_000_000_000_000)]
    [InlineData("time,a\n2020-09-13T12:26:40Z,1\n", null, 1_600_000_000_000_000)]
    [InlineData("time,a\n2020-09-13T14:26:40.5+02:00,1\n", null, 1_600_000_000_500_000)]
    [InlineData("time,a\n13.09.2020 12:26:40,1\n", "dd.MM.yyyy HH:mm:ss", 1_600_000_000_000_000)]
    public async Task Times_are_read_as_files_write_them(string content, string? format, long expected)
    {
        using var folder = new TemporaryFolder();
        var (samples, _) = await ReadAsync(Fast(folder.File("t.csv", content)) with { TimeFormat = format });
        Assert.Equal(expected, Assert.Single(samples).Time);
    }

    [Theory]
    [InlineData("a=Nothing", "no column 'Nothing'")]
    [InlineData("a=B,a=C", "Two columns give")]
    public void A_mapping_that_does_not_fit_the_file_says_what_the_file_has(string map, string expected)
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("t.csv", "time,B,C\n1600000000000,1,2\n");
        var wrong = Assert.Throws<FormatException>(
            () => new ReplaySource(Fast(file) with { Map = [.. map.Split(',').Select(ColumnMapping.Parse)] }, time, NullLogger.Instance));
        Assert.Contains(expected, wrong.Message);
    }

    private static ReplayOptions Fast(string file) => new(file) { Speed = double.PositiveInfinity };

    private static string Describe(Sample sample) => $"{sample.Time} {string.Join(' ', sample.Values)}";

    private async Task<(List<Sample> Samples, long Bad)> ReadAsync(ReplayOptions options, SourcePosition from = default)
    {
        var source = new ReplaySource(options, time, NullLogger.Instance);
        var samples = new List<Sample>();
        await foreach (var sample in source.ReadAsync(from, TestContext.Current.CancellationToken))
            samples.Add(sample);
        return (samples, source.BadRows);
    }
}
