namespace Strata.Core.Control;

/// <summary>A PID controller's tuning, in the parallel form: output = Kp e + Ki integral of e - Kd rate of the measurement.</summary>
public sealed record PidSettings
{
    /// <summary>Output per unit of error. Negative for a cooler; then the other gains are negative too.</summary>
    public double Kp { get; init; } = 1;

    /// <summary>Output per unit of error and second; default 0.</summary>
    public double Ki { get; init; }

    /// <summary>Output per unit of the measurement's change a second; default 0.</summary>
    public double Kd { get; init; }

    /// <summary>Lowest output; default 0.</summary>
    public double OutputMin { get; init; }

    /// <summary>Highest output, above the lowest; default 1.</summary>
    public double OutputMax { get; init; } = 1;

    /// <summary>How far the output may move in a second, above 0; default without limit.</summary>
    public double OutputRate { get; init; } = double.PositiveInfinity;

    /// <summary>Time constant of the low-pass on the measurement's rate; default 0, no filter.</summary>
    public TimeSpan DerivativeFilter { get; init; } = TimeSpan.Zero;

    /// <summary>A longer step than this counts as this long: after a pause the integral must not leap. Above 0; default 10 seconds.</summary>
    public TimeSpan MaxStep { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The properties that are out of their range, one sentence each; empty when all are well.</summary>
    public IEnumerable<string> Validate()
    {
        foreach (var (name, gain) in new[] { (nameof(Kp), Kp), (nameof(Ki), Ki), (nameof(Kd), Kd) })
        {
            if (!double.IsFinite(gain))
                yield return $"{name} is {gain}; it must be a finite number.";
        }
        var signs = new[] { Kp, Ki, Kd }.Where(gain => gain != 0).Select(Math.Sign).Distinct();
        if (double.IsFinite(Kp + Ki + Kd) && signs.Count() > 1)
            yield return "Kp, Ki and Kd must not have different signs.";
        if (!double.IsFinite(OutputMin) || !double.IsFinite(OutputMax) || OutputMin >= OutputMax)
            yield return $"{nameof(OutputMin)} ({OutputMin}) must be below {nameof(OutputMax)} ({OutputMax}), both finite.";
        if (!(OutputRate > 0))
            yield return $"{nameof(OutputRate)} is {OutputRate}; it must be above 0.";
        if (DerivativeFilter < TimeSpan.Zero)
            yield return $"{nameof(DerivativeFilter)} is {DerivativeFilter}; it must be 0 or more.";
        if (MaxStep <= TimeSpan.Zero)
            yield return $"{nameof(MaxStep)} is {MaxStep}; it must be above 0.";
    }
}
