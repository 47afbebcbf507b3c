using Strata.Core.Control;

namespace Strata.Edge.Control;

/// <summary>One control loop: measure, decide, act, and note how long it took. The cycles are run by one thread; the figures are read from any.</summary>
/// <param name="speed">How many times faster than the clock the plant's time runs; 1 for a real one.</param>
internal sealed class ControlLoop(ControlOptions options, IMeasurement measurement, IActuator actuator, TimeProvider time, double speed = 1)
{
    /// <summary>What R1 gives an edge controller for one response.</summary>
    public static readonly TimeSpan OverrunLimit = TimeSpan.FromMilliseconds(100);

    private readonly CycleHistogram cycles = new();
    private readonly Lock gate = new();
    private PidState state = new(options.SafeOutput, 0, double.NaN, 0, false);
    private bool controlling;
    private long? last;
    private long overruns;
    private long skipped;
    private double measured = double.NaN;

    /// <summary>Whether the cycles run with real-time priority.</summary>
    public bool IsRealTime { get; set; }

    public ControlFigures Figures
    {
        get
        {
            lock (gate)
            {
                return new ControlFigures(
                    cycles.Count, overruns, skipped, Milliseconds(0.5), Milliseconds(0.99), Milliseconds(0.999), cycles.Max / 1000.0, options.Setpoint, measured,
                    state.Output, IsRealTime);
            }
        }
    }

    /// <summary>Runs one cycle.</summary>
    /// <param name="due">When it was due, a timestamp of the time provider.</param>
    /// <param name="missed">Periods that passed without a cycle before it.</param>
    public void Cycle(long due, long missed)
    {
        var woken = time.GetTimestamp();
        var elapsed = last is { } before ? time.GetElapsedTime(before, woken) : TimeSpan.Zero;
        last = woken;
        var value = measurement.Read();
        var next = Decide(value, elapsed);
        actuator.Apply(next.Output, elapsed);
        var took = time.GetElapsedTime(due);
        lock (gate)
        {
            (state, measured) = (next, value);
            cycles.Record((long)took.TotalMicroseconds);
            overruns += took > OverrunLimit ? 1 : 0;
            skipped += missed;
        }
    }

    /// <summary>Leaves the actuator at its safe output: nobody controls any more.</summary>
    public void Release() => actuator.Apply(options.SafeOutput, TimeSpan.Zero);

    private PidState Decide(double value, TimeSpan elapsed)
    {
        if (!double.IsFinite(value))
        {
            controlling = false;
            return new PidState(options.SafeOutput, 0, double.NaN, 0, false);
        }
        if (controlling)
            return PidController.Step(options.Pid, state, options.Setpoint, elapsed * speed, value);
        controlling = true;
        // From the safe output, at the speed that the rate limit allows: nobody had the actuator before.
        return new PidState(state.Output, 0, value, 0, false);
    }

    private double Milliseconds(double share) => cycles.Percentile(share) / 1000.0;
}
