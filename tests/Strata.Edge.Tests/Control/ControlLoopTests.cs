using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Strata.Core.Control;
using Strata.Core.Telemetry;
using Strata.Edge.Control;
using Strata.Edge.Sources;

namespace Strata.Edge.Tests.Control;

public sealed class ControlLoopTests
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void A_cold_room_is_brought_to_its_setpoint_and_held_there()
    {
        var room = new RoomPlant(new ThermalRoomSettings { Initial = 12 }, outside: 5, speed: 60);
        var loop = new ControlLoop(new ControlOptions { Setpoint = 21 }, room, room, time, speed: 60);
        Run(loop, 1200); // Two minutes of the clock, two hours of the room.
        Assert.InRange(room.Look().Temperature, 20.9, 21.1);
        Assert.InRange(loop.Figures.Output, 0.4, 0.7); // 100 W/K over 16 K of 3,000 W.
        Assert.Equal((1200L, 0L, 0L), (loop.Figures.Cycles, loop.Figures.Overruns, loop.Figures.Skipped));
    }

    [Fact]
    public void Without_a_measurement_the_output_is_the_safe_one()
    {
        var latest = new LatestMeasurement(MetricName.Parse("temperature"), TimeSpan.FromSeconds(5), time);
        var actuator = new RecordingActuator();
        var loop = new ControlLoop(new ControlOptions { SafeOutput = 0.1, StaleAfter = TimeSpan.FromSeconds(5) }, latest, actuator, time);
        Run(loop, 3);
        Assert.Equal(0.1, actuator.Last);
        latest.Note(new Sample(0, 0, default, [new Measurement(MetricName.Parse("temperature"), ReadingValue.OfNumber(15))]));
        Run(loop, 10);
        Assert.Equal(1, actuator.Last);
        Run(loop, 60);
        Assert.Equal(0.1, actuator.Last);
    }

    [Fact]
    public void A_cycle_over_100_ms_is_an_overrun_and_what_it_missed_is_counted()
    {
        var slow = new RecordingActuator();
        var loop = new ControlLoop(new ControlOptions(), new Fixed(20), slow, time);
        Run(loop, 10);
        slow.Takes = () => time.Advance(TimeSpan.FromMilliseconds(250));
        loop.Cycle(time.GetTimestamp(), missed: 0);
        slow.Takes = null;
        loop.Cycle(time.GetTimestamp(), missed: 2);
        var figures = loop.Figures;
        Assert.Equal((12L, 1L, 2L, 250.0), (figures.Cycles, figures.Overruns, figures.Skipped, figures.MaxMs));
        Assert.Equal(0, figures.P50Ms);
        Assert.Equal(250, figures.P999Ms);
    }

    [Fact]
    public void Percentiles_are_right_within_a_sixteenth()
    {
        var histogram = new CycleHistogram();
        for (var i = 1; i <= 10_000; i++)
            histogram.Record(i);
        foreach (var share in new[] { 0.5, 0.9, 0.99, 0.999, 1 })
            Assert.InRange(histogram.Percentile(share), share * 10_000, Math.Min(10_000, share * 10_000 * 1.07));
        Assert.Equal((10_000L, 10_000L), (histogram.Count, histogram.Max));
    }

    [Fact]
    public void The_file_actuator_writes_a_shorter_value_over_a_longer_one()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "pwm");
        using (var actuator = new FileActuator(path, NullLogger.Instance))
        {
            actuator.Apply(0.123456, default);
            Assert.Equal("0.123456\n", File.ReadAllText(path));
            actuator.Apply(1, default);
        }
        Assert.Equal("1\n", File.ReadAllText(path));
    }

    [Fact]
    public void An_actuator_that_cannot_be_written_is_said_once_and_tried_again()
    {
        using var folder = new TemporaryFolder();
        var log = new ListLogger();
        var path = Path.Combine(folder.Path, "later", "pwm");
        using var actuator = new FileActuator(path, log);
        actuator.Apply(0.5, default);
        actuator.Apply(0.5, default);
        Assert.Single(log.Lines);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        actuator.Apply(0.5, default);
        Assert.Equal("0.5\n", File.ReadAllText(path));
    }

    [Fact]
    public void The_thread_runs_cycles_by_itself_and_leaves_the_actuator_safe()
    {
        using var enough = new CountdownEvent(5);
        var actuator = new RecordingActuator { Takes = () => _ = !enough.IsSet && enough.Signal() };
        var loop = new ControlLoop(new ControlOptions { Period = TimeSpan.FromMilliseconds(10), SafeOutput = 0.25 }, new Fixed(15), actuator, TimeProvider.System);
        using (new ControlThread(loop, TimeSpan.FromMilliseconds(10), TimeProvider.System))
            Assert.True(enough.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken), "Waited 30 s for five cycles.");
        Assert.Equal(0.25, actuator.Last);
        Assert.True(loop.Figures.Cycles >= 5);
    }

    private void Run(ControlLoop loop, int cycles)
    {
        for (var i = 0; i < cycles; i++)
        {
            time.Advance(Period);
            loop.Cycle(time.GetTimestamp(), missed: 0);
        }
    }

    private sealed class Fixed(double value) : IMeasurement
    {
        public double Read() => value;
    }

    private sealed class RecordingActuator : IActuator
    {
        public double Last { get; private set; } = double.NaN;

        public Action? Takes { get; set; }

        public void Apply(double output, TimeSpan elapsed)
        {
            Last = output;
            Takes?.Invoke();
        }
    }
}
