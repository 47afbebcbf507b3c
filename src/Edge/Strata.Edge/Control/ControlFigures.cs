using System.Text.Json;

namespace Strata.Edge.Control;

/// <summary>What a control loop has measured of itself. A cycle's time is how late it woke plus how long it computed.</summary>
/// <param name="Overruns">Cycles that took over 100 ms.</param>
/// <param name="Skipped">Periods in which no cycle ran because the one before was not over.</param>
internal sealed record ControlFigures(
    long Cycles, long Overruns, long Skipped, double P50Ms, double P99Ms, double P999Ms, double MaxMs, double Setpoint, double Measured, double Output, bool IsRealTime)
{
    public void Write(Utf8JsonWriter json)
    {
        json.WriteNumber("cycles", Cycles);
        json.WriteNumber("overruns", Overruns);
        json.WriteNumber("skippedCycles", Skipped);
        json.WriteNumber("cycleP50Ms", P50Ms);
        json.WriteNumber("cycleP99Ms", P99Ms);
        json.WriteNumber("cycleP999Ms", P999Ms);
        json.WriteNumber("cycleMaxMs", MaxMs);
        json.WriteNumber("controlRealTime", IsRealTime ? 1 : 0);
        json.WriteNumber("controlSetpoint", Setpoint);
        if (double.IsFinite(Measured))
            json.WriteNumber("controlMeasured", Math.Round(Measured, 4));
        json.WriteNumber("controlOutput", Math.Round(Output, 6));
    }
}
