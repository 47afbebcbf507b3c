using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;

namespace Strata.Core.Tests.Dataflow;

public sealed class WindowTests
{
    private const long Minute = 60_000_000;
    private const long Start = 1_673_924_400_000_000;

    private static readonly DeviceId A = DeviceId.Parse("a");
    private static readonly DeviceId B = DeviceId.Parse("b");
    private static readonly MetricName Temperature = MetricName.Parse("temperature");
    private static readonly MetricName Open = MetricName.Parse("open");

    private static readonly GroupDefinition Group = new()
    {
        Id = "floor-1",
        Site = SiteId.Parse("hq/floor-1"),
        Members = [new(A, TimeSpan.FromMinutes(5)), new(B, TimeSpan.FromMinutes(5))],
        Default = new MetricPolicy(UplinkPolicy.Window),
    };

    [Fact]
    public void A_value_stands_until_the_next_and_weighs_by_that_time()
    {
        var window = Compute((A, Temperature, -2, 10), (A, Temperature, 1, 20), (A, Temperature, 4, 30));
        Assert.Equal(1, window.Heard);
        var metric = Assert.Single(window.Metrics);
        Assert.Equal((2L, 10.0, 30.0, 30.0), (metric.Count, metric.Min, metric.Max, metric.Last));
        Assert.Equal((10 * 1 + 20 * 3 + 30 * 1) / 5.0, metric.Mean, 1e-12);
        Assert.Equal(Math.Sqrt((100 * 1 + 0 + 100 * 1) / 5.0), metric.Deviation, 1e-12);
    }

    [Fact]
    public void A_value_stands_for_two_heartbeats_at_most()
    {
        var window = Compute((A, Temperature, -8, 10), (B, Temperature, 0, 20));
        Assert.Equal((10 * 2 + 20 * 5) / 7.0, window.Metrics[0].Mean, 1e-12);
        Assert.Equal(20, window.Metrics[0].Last);
        Assert.Equal(2, window.Heard);
        Assert.Equal(1, Compute((A, Temperature, -10, 10), (B, Temperature, 0, 20)).Heard);
        Assert.Null(WindowMath.Compute(Group, default, Start, 0, [new WindowSample(A, Temperature, Start - 10 * Minute, 1)]));
    }

    [Fact]
    public void A_window_of_standing_values_alone_has_no_readings_and_still_its_figures()
    {
        var metric = Compute((A, Temperature, -3, 21.7)).Metrics[0];
        Assert.Equal(new WindowMetric(Temperature, 0, 21.7, 21.7, 21.7, 0, 21.7), metric);
    }

    [Fact]
    public void A_repeat_counts_once_with_the_last_value()
    {
        var metric = Compute((A, Temperature, 1, 10), (A, Temperature, 1, 20), (A, Temperature, 1, 30)).Metrics[0];
        Assert.Equal(new WindowMetric(Temperature, 1, 30, 30, 30, 0, 30), metric);
    }

    [Fact]
    public void Booleans_count_as_1_and_0_and_texts_are_heard_only()
    {
        var record = WindowMath.Compute(Group, GatewayId.Parse("gw"), Start, 3,
        [
            WindowSample.From(new Reading(A, Open, Start, ReadingValue.OfBoolean(true))),
            WindowSample.From(new Reading(A, Open, Start + Minute, ReadingValue.OfBoolean(false))),
            WindowSample.From(new Reading(B, MetricName.Parse("state"), Start, ReadingValue.OfText("idle"))),
            new WindowSample(DeviceId.Parse("stranger"), Open, Start, 7),
            new WindowSample(A, Open, Start + 5 * Minute, 9),
        ])!;
        Assert.Equal((2, 2, 3, 5 * Minute), (record.Heard, record.Members, record.Revision, record.Length));
        var metric = Assert.Single(record.Metrics);
        Assert.Equal((2L, 0.2, 0.0, 1.0, 0.4, 0.0), (metric.Count, metric.Mean, metric.Min, metric.Max, Math.Round(metric.Deviation, 12), metric.Last));
    }

    [Fact]
    public void Metrics_of_policy_raw_stay_out_of_the_window()
    {
        var group = Group with { Metrics = new Dictionary<MetricName, MetricPolicy> { [Open] = new(UplinkPolicy.Raw, Immediate: true) } };
        var record = WindowMath.Compute(group, default, Start, 0, [new(A, Open, Start, 1), new(A, Temperature, Start, 20)])!;
        Assert.Equal(Temperature, Assert.Single(record.Metrics).Metric);
        Assert.Null(WindowMath.Compute(group, default, Start, 0, [new(A, Open, Start, 1)]));
    }

    [Fact]
    public void Huge_values_give_finite_figures()
    {
        var metric = Compute((A, Temperature, 0, double.MaxValue), (B, Temperature, 0, double.MinValue)).Metrics[0];
        Assert.Equal((0.0, double.MaxValue), (metric.Mean, metric.Deviation));
    }

    [Fact]
    public void Changes_of_state_and_what_is_marked_are_immediate()
    {
        var policy = new MetricPolicy(UplinkPolicy.Window);
        Assert.False(policy.IsImmediate(ReadingValue.OfNumber(1), ReadingValue.OfNumber(2)));
        Assert.True(policy.IsImmediate(ReadingValue.OfBoolean(false), ReadingValue.OfBoolean(true)));
        Assert.False(policy.IsImmediate(ReadingValue.OfBoolean(true), ReadingValue.OfBoolean(true)));
        Assert.False(policy.IsImmediate(null, ReadingValue.OfText("idle")));
        Assert.True((policy with { Immediate = true }).IsImmediate(null, ReadingValue.OfNumber(1)));
    }

    [Fact]
    public void A_device_silent_for_two_heartbeats_is_said_once_and_so_is_its_return()
    {
        var (heartbeat, state) = (TimeSpan.FromMinutes(5), new DeviceSilence(Start, false));
        state = state.Check(Start + 10 * Minute, heartbeat, out var fell);
        Assert.False(fell);
        state = state.Check(Start + 10 * Minute + 1, heartbeat, out fell);
        Assert.True(fell);
        state = state.Check(Start + 20 * Minute, heartbeat, out fell);
        Assert.False(fell);
        state = state.Heard(Start + 21 * Minute, out var returned);
        Assert.True(returned);
        state.Heard(Start + 22 * Minute, out returned);
        Assert.False(returned);
        Assert.Equal("No reading for 10 min.", DeviceSilence.SilentEvent(A, null, Start, Start + 10 * Minute + 1).Detail);
        Assert.Equal("Heard again after 90 s.", DeviceSilence.ReturnedEvent(A, null, Start, Start + 90_000_000).Detail);
    }

    private static WindowFigures Compute(params (DeviceId Device, MetricName Metric, int Minute, double Value)[] samples) => WindowMath.Compute(
        Start, 5 * Minute, Group.Members, [.. samples.Select(s => new WindowSample(s.Device, s.Metric, Start + s.Minute * Minute, s.Value))]);
}
