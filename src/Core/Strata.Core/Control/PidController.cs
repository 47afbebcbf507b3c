namespace Strata.Core.Control;

/// <summary>What a controller remembers between two steps.</summary>
/// <param name="Output">What the actuator gets, within the limits.</param>
/// <param name="Integral">The integral's part of the output.</param>
/// <param name="Rate">The measurement's filtered change a second.</param>
/// <param name="IsSaturated">Whether a limit, of range or rate, held the output back.</param>
public readonly record struct PidState(double Output, double Integral, double Measurement, double Rate, bool IsSaturated);

/// <summary>
/// A PID controller as a pure function of its last state. The derivative acts on the measurement, so a new setpoint does not kick. The
/// integral stands still while a limit holds the output back in the direction in which the error pushes, so it does not wind up.
/// </summary>
public static class PidController
{
    /// <summary>A state from which the first step goes on without a bump: the integral carries what the proportional part does not give.</summary>
    /// <param name="output">What the actuator has now.</param>
    public static PidState Start(PidSettings settings, double setpoint, double measurement, double output)
    {
        var held = Math.Clamp(output, settings.OutputMin, settings.OutputMax);
        return new PidState(held, held - settings.Kp * (setpoint - measurement), measurement, 0, false);
    }

    /// <summary>
    /// One step. A measurement that is no number, or a step of no length, holds the output: a broken sensor must not drive an actuator.
    /// </summary>
    /// <param name="elapsed">Time since the last step.</param>
    public static PidState Step(PidSettings settings, in PidState state, double setpoint, TimeSpan elapsed, double measurement)
    {
        if (elapsed <= TimeSpan.Zero || !double.IsFinite(measurement) || !double.IsFinite(setpoint))
            return state;
        var passed = elapsed.TotalSeconds;
        var step = Math.Min(passed, settings.MaxStep.TotalSeconds);
        var error = setpoint - measurement;
        var rate = Filter(settings, state.Rate, (measurement - state.Measurement) / passed, passed);
        var push = settings.Ki * error * step;
        var direct = settings.Kp * error - settings.Kd * rate;
        var wanted = direct + state.Integral + push;
        var output = Limit(settings, state.Output, wanted, step);
        var saturated = output != wanted;
        var integral = saturated && push * (wanted - output) > 0 ? state.Integral : state.Integral + push;
        if (integral == state.Integral)
            output = Limit(settings, state.Output, direct + integral, step);
        return new PidState(output, integral, measurement, rate, saturated);
    }

    private static double Filter(PidSettings settings, double before, double rate, double passed)
    {
        var constant = settings.DerivativeFilter.TotalSeconds;
        return constant <= 0 ? rate : before + (rate - before) * (1 - Math.Exp(-passed / constant));
    }

    private static double Limit(PidSettings settings, double before, double wanted, double step)
    {
        var reach = settings.OutputRate * step;
        var low = Math.Max(settings.OutputMin, before - reach);
        var high = Math.Min(settings.OutputMax, before + reach);
        return Math.Clamp(wanted, Math.Min(low, high), high);
    }
}
