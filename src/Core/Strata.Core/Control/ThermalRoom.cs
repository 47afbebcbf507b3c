namespace Strata.Core.Control;

/// <summary>A room for <see cref="ThermalRoom"/>.</summary>
public sealed record ThermalRoomSettings
{
    /// <summary>Heat that one kelvin takes, J/K: air, walls' inner side, furniture. Above 0; default 500,000.</summary>
    public double Capacity { get; init; } = 500_000;

    /// <summary>Heat that leaves for each kelvin of difference to the outside, W/K. Above 0; default 100.</summary>
    public double Loss { get; init; } = 100;

    /// <summary>The heater at full output, W. 0 or more; default 3,000.</summary>
    public double HeaterPower { get; init; } = 3_000;

    /// <summary>Temperature at the beginning, degC; default 15.</summary>
    public double Initial { get; init; } = 15;

    /// <summary>Standard deviation of the sensor's noise, K. 0 or more; default 0.</summary>
    public double Noise { get; init; }

    /// <summary>Seed of the noise: the same seed gives the same room; default 1.</summary>
    public int Seed { get; init; } = 1;
}

/// <summary>
/// A simulated room of the first order: Capacity dT/dt = HeaterPower u + Loss (outside - T), solved exactly for each step, so that any step length
/// is as good as many short ones. Not safe for use by two threads at once.
/// </summary>
public sealed class ThermalRoom(ThermalRoomSettings settings)
{
    private readonly Random random = new(settings.Seed);

    /// <summary>The air's temperature, degC.</summary>
    public double Temperature { get; private set; } = settings.Initial;

    /// <summary>How long a change takes to reach 63 %.</summary>
    public TimeSpan TimeConstant => TimeSpan.FromSeconds(settings.Capacity / settings.Loss);

    /// <summary>Lets time pass.</summary>
    /// <param name="heater">The heater's output, taken as 0 to 1.</param>
    /// <param name="outside">degC.</param>
    /// <returns>The temperature after it.</returns>
    public double Step(TimeSpan elapsed, double heater, double outside)
    {
        var end = outside + settings.HeaterPower * Math.Clamp(heater, 0, 1) / settings.Loss;
        Temperature = end + (Temperature - end) * Math.Exp(-elapsed.TotalSeconds * settings.Loss / settings.Capacity);
        return Temperature;
    }

    /// <summary>What the sensor shows: the temperature and its noise.</summary>
    public double Measure()
    {
        if (settings.Noise <= 0)
            return Temperature;
#pragma warning disable CA5394 // Simulation, not secrets: the noise must repeat.
        var (a, b) = (1 - random.NextDouble(), random.NextDouble());
#pragma warning restore CA5394
        return Temperature + settings.Noise * Math.Sqrt(-2 * Math.Log(a)) * Math.Cos(2 * Math.PI * b);
    }
}
