using System.Text.Json;
using CsCheck;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;

namespace Strata.Core.Tests.Dataflow;

public sealed class DeadBandTests
{
    private const long Minute = 60_000_000;
    private const long Start = EventTime.Earliest;

    private static readonly DeviceId Device = DeviceId.Parse("t-101");

    [Fact]
    public void A_slow_drift_is_reported_when_it_leaves_the_band_around_the_last_report()
    {
        var filter = new DeadBandFilter(new DeadBandOptions { Heartbeat = TimeSpan.FromHours(1) });
        Assert.Equal(DeadBandReason.First, Decide(filter, "temperature", 0, 20));
        Assert.Equal(DeadBandReason.WithinBand, Decide(filter, "temperature", 1, 20.25));
        Assert.Equal(DeadBandReason.WithinBand, Decide(filter, "temperature", 2, 20.5));
        Assert.Equal(DeadBandReason.Changed, Decide(filter, "temperature", 3, 20.75));
        Assert.Equal(DeadBandReason.Unchanged, Decide(filter, "temperature", 4, 20.75));
        Assert.Equal(DeadBandReason.WithinBand, Decide(filter, "temperature", 5, 20.25));
    }

    [Fact]
    public void A_heartbeat_forces_a_report_and_says_how_many_were_suppressed()
    {
        var filter = new DeadBandFilter(new DeadBandOptions());
        for (var minute = 0; minute < 5; minute++)
            Decide(filter, "temperature", minute, 20);
        Assert.Equal(new DeadBandDecision(DeadBandReason.Heartbeat, 4), filter.Decide(Sample("temperature", 5, ReadingValue.OfNumber(20))));
        Assert.Equal(new DeadBandDecision(DeadBandReason.Unchanged, 1), filter.Decide(Sample("temperature", 6, ReadingValue.OfNumber(20))));
    }

    [Fact]
    public void Booleans_texts_and_unknown_metrics_are_reported_on_every_change()
    {
        var filter = new DeadBandFilter(new DeadBandOptions());
        Assert.True(filter.Decide(Sample("open", 0, ReadingValue.OfBoolean(true))).IsReported);
        Assert.False(filter.Decide(Sample("open", 1, ReadingValue.OfBoolean(true))).IsReported);
        Assert.Equal(DeadBandReason.Changed, filter.Decide(Sample("open", 2, ReadingValue.OfBoolean(false))).Reason);
        Assert.True(filter.Decide(Sample("state", 0, ReadingValue.OfText("idle"))).IsReported);
        Assert.Equal(DeadBandReason.Unchanged, filter.Decide(Sample("state", 1, ReadingValue.OfText("idle"))).Reason);
        Assert.Equal(DeadBandReason.Changed, filter.Decide(Sample("state", 2, ReadingValue.OfText("busy"))).Reason);
        Assert.Equal(DeadBandReason.Changed, filter.Decide(Sample("state", 3, ReadingValue.OfNumber(1))).Reason);
        Assert.Equal(DeadBandReason.First, Decide(filter, "strange", 0, 1));
        Assert.Equal(DeadBandReason.Changed, Decide(filter, "strange", 1, 1.0001));
    }

    [Theory]
    [InlineData("temperature", 0.5)]
    [InlineData("room.Temperature", 0.5)]
    [InlineData("CO2", 50)]
    [InlineData("humidity", 2)]
    [InlineData("light", 20)]
    [InlineData("supertemperature", 0)]
    public void Well_known_metrics_have_a_band(string metric, double band) => Assert.Equal(band, new DeadBandOptions().BandOf(MetricName.Parse(metric)));

    [Fact]
    public void A_configured_band_wins_and_a_wrong_one_is_found()
    {
        var options = new DeadBandOptions { Bands = new Dictionary<string, double> { ["temperature"] = 0, ["x"] = 3 } };
        Assert.Equal(0, options.BandOf(MetricName.Parse("temperature")));
        Assert.Equal(3, options.BandOf(MetricName.Parse("x")));
        Assert.Empty(options.Validate());
        var wrong = new DeadBandOptions { Bands = new Dictionary<string, double> { ["x"] = double.NaN }, Heartbeat = TimeSpan.FromDays(8), MaxMetrics = 0 };
        Assert.Equal(3, wrong.Validate().Count());
    }

    [Fact]
    public void A_position_is_reported_on_movement_only_and_both_coordinates_together()
    {
        var filter = new DeadBandFilter(new DeadBandOptions { Heartbeat = TimeSpan.FromHours(1) });
        Assert.Equal([DeadBandReason.First, DeadBandReason.First, DeadBandReason.First], Go(0, 48.2, 16.37));
        // 0.0002 degrees of latitude are 22 m, of longitude here 15 m.
        Assert.Equal([DeadBandReason.SamePlace, DeadBandReason.Unchanged, DeadBandReason.SamePlace], Go(1, 48.2002, 16.37));
        Assert.Equal([DeadBandReason.Moved, DeadBandReason.Unchanged, DeadBandReason.Moved], Go(2, 48.2002, 16.3702));
        Assert.Equal([DeadBandReason.SamePlace, DeadBandReason.Unchanged, DeadBandReason.SamePlace], Go(3, 48.2002, 16.3702));
        Assert.Equal([DeadBandReason.Heartbeat, DeadBandReason.Heartbeat, DeadBandReason.Heartbeat], Go(62, 48.2002, 16.3702));

        DeadBandReason[] Go(int minute, double latitude, double longitude)
        {
            Reading[] sample =
            [
                Sample("gps.longitude", minute, ReadingValue.OfNumber(longitude)),
                Sample("speed", minute, ReadingValue.OfNumber(0)),
                Sample("gps.latitude", minute, ReadingValue.OfNumber(latitude)),
            ];
            var decisions = new DeadBandDecision[3];
            filter.Decide(sample, decisions);
            return [.. decisions.Select(d => d.Reason)];
        }
    }

    [Fact]
    public void Distances_are_those_of_the_sphere()
    {
        Assert.Equal(0, GreatCircle.Metres(48.2, 16.37, 48.2, 16.37));
        Assert.Equal(111_195, GreatCircle.Metres(0, 0, 1, 0), 1.0);
        Assert.Equal(111_195, GreatCircle.Metres(0, 179.5, 0, -179.5), 1.0);
        Assert.Equal(20_015_115, GreatCircle.Metres(0, 0, 0, 180), 1.0);
    }

    [Fact]
    public void A_straggler_is_reported_and_leaves_the_newer_report_in_force_and_a_clock_set_back_starts_anew()
    {
        var filter = new DeadBandFilter(new DeadBandOptions());
        Decide(filter, "temperature", 60, 20);
        Assert.Equal(DeadBandReason.OutOfOrder, Decide(filter, "temperature", 58, 25));
        Assert.Equal(DeadBandReason.Unchanged, Decide(filter, "temperature", 61, 20));
        Assert.Equal(DeadBandReason.OutOfOrder, Decide(filter, "temperature", 10, 20));
        Assert.Equal(DeadBandReason.Unchanged, Decide(filter, "temperature", 11, 20));
    }

    [Fact]
    public void Metrics_beyond_the_limit_are_all_reported()
    {
        var filter = new DeadBandFilter(new DeadBandOptions { MaxMetrics = 1 });
        Assert.Equal(DeadBandReason.First, Decide(filter, "a", 0, 1));
        Assert.Equal(DeadBandReason.Untracked, Decide(filter, "b", 0, 1));
        Assert.Equal(DeadBandReason.Untracked, Decide(filter, "b", 1, 1));
        Assert.Equal(DeadBandReason.Unchanged, Decide(filter, "a", 1, 1));
    }

    [Fact]
    public void The_carried_value_never_errs_by_more_than_the_band_and_a_restart_changes_nothing() =>
        Gen.Select(Gen.Double[0, 10], Gen.Double[-2, 2].Array[1, 200], Gen.Int[1, 400].Array[200], Gen.Int[0, 199]).Sample((band, steps, gaps, restart) =>
        {
            var options = new DeadBandOptions { Bands = new Dictionary<string, double> { ["x"] = band } };
            var (filter, value, carried, time, reported) = (new DeadBandFilter(options), 100.0, double.NaN, Start, Start);
            for (var i = 0; i < steps.Length; i++)
            {
                (value, time) = (value + steps[i], time + gaps[i] * 1_000_000L);
                if (i == restart)
                {
                    var saved = JsonSerializer.Serialize(filter.Save());
                    filter = new DeadBandFilter(options);
                    filter.Restore(JsonSerializer.Deserialize<List<DeadBandReport>>(saved)!);
                }
                if (filter.Decide(new Reading(Device, MetricName.Parse("x"), time, ReadingValue.OfNumber(value))).IsReported)
                    (carried, reported) = (value, time);
                Assert.True(Math.Abs(value - carried) <= band);
                Assert.True(time - reported < 5 * Minute);
            }
        });

    private static Reading Sample(string metric, int minute, ReadingValue value) => new(Device, MetricName.Parse(metric), Start + minute * Minute, value);

    private static DeadBandReason Decide(DeadBandFilter filter, string metric, int minute, double value) =>
        filter.Decide(Sample(metric, minute, ReadingValue.OfNumber(value))).Reason;
}
