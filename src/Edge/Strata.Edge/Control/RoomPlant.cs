using Strata.Core.Control;

namespace Strata.Edge.Control;

/// <summary>
/// A simulated room as both ends of a control loop: its sensor is the measurement, its heater the actuator. Its time runs faster than the clock, so that a
/// demo or a test sees a room warm up.
/// </summary>
internal sealed class RoomPlant(ThermalRoomSettings settings, double outside, double speed) : IActuator, IMeasurement
{
    private readonly ThermalRoom room = new(settings);
    private readonly Lock gate = new();
    private double heater;

    /// <summary>What the sensor shows and what the heater gives, 0 to 1.</summary>
    public (double Temperature, double Heater) Look()
    {
        lock (gate)
            return (room.Measure(), heater);
    }

    public double Read() => Look().Temperature;

    public void Apply(double output, TimeSpan elapsed)
    {
        lock (gate)
        {
            heater = Math.Clamp(output, 0, 1);
            room.Step(elapsed * speed, heater, outside);
        }
    }
}
