using Strata.Core.Control;
using Strata.Core.Telemetry;

namespace Strata.Edge.Control;

/// <summary>A control loop between one metric of the source and an actuator. It needs no network and no buffer.</summary>
public sealed record ControlOptions
{
    /// <summary>The default tuning: a heater of 0 to 1 for a room.</summary>
    public static readonly PidSettings RoomHeater = new() { Kp = 0.5, Ki = 0.001 };

    /// <summary>The metric that is held. Default temperature.</summary>
    public MetricName Metric { get; init; } = MetricName.Parse("temperature");

    /// <summary>The value that it is held at, in the metric's unit. Default 21.</summary>
    public double Setpoint { get; init; } = 21;

    /// <summary>Gains, limits and rate of the output.</summary>
    public PidSettings Pid { get; init; } = RoomHeater;

    /// <summary>Time between two cycles. 10 ms to 10 s; default 100 ms.</summary>
    public TimeSpan Period { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>A measurement older than this is none: the output goes to <see cref="SafeOutput"/>. One period to 1 day; default 1 min.</summary>
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The output without a measurement, within the limits. Default 0.</summary>
    public double SafeOutput { get; init; }

    /// <summary>The file that the output is written to, as text, whenever it changes. Null (the default): the simulated room's heater.</summary>
    public string? ActuatorFile { get; init; }

    internal IEnumerable<string> Validate()
    {
        if (!double.IsFinite(Setpoint))
            yield return "The setpoint must be a finite number.";
        if (Period < TimeSpan.FromMilliseconds(10) || Period > TimeSpan.FromSeconds(10))
            yield return $"The control period is {Period}; it must be 10 ms to 10 s.";
        if (StaleAfter < Period || StaleAfter > TimeSpan.FromDays(1))
            yield return $"A measurement is stale after {StaleAfter}; it must be one period to 1 day.";
        if (!(SafeOutput >= Pid.OutputMin && SafeOutput <= Pid.OutputMax))
            yield return $"The safe output is {SafeOutput}; it must lie within the limits of the output, {Pid.OutputMin} to {Pid.OutputMax}.";
        foreach (var wrong in Pid.Validate())
            yield return wrong;
    }
}
