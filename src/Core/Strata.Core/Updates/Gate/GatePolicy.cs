namespace Strata.Core.Updates.Gate;

/// <summary>What stops a rollout.</summary>
public sealed record GatePolicy
{
    /// <summary>Installations that may fail. Above 0, at most 0.5; 0.1 % unless given.</summary>
    public double InstallationLimit { get; init; } = 0.001;

    /// <summary>How sure it must be that more do. 0.5 to 0.9999; 95 % unless given.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>
    /// The most good builds of a hundred that the health rule may stop, over all metrics, looks and rings of a rollout together. 0.0001 to 0.2; 1 % unless given.
    /// Each ring has an equal part of it.
    /// </summary>
    public double FalseAlarms { get; init; } = 0.01;

    public Problem? Refuse()
    {
        if (!(InstallationLimit > 0 && InstallationLimit <= 0.5))
            return new Problem(ProblemKind.Invalid, "The limit of installations that fail is above 0 and at most 0.5 (50 %).", "gate.installationLimit");
        if (!(Confidence >= 0.5 && Confidence <= 0.9999))
            return new Problem(ProblemKind.Invalid, "The gate's confidence is 0.5 to 0.9999.", "gate.confidence");
        return FalseAlarms >= 0.0001 && FalseAlarms <= 0.2 ? null : new Problem(ProblemKind.Invalid, "The gate's rate of false alarms is 0.0001 to 0.2.", "gate.falseAlarms");
    }
}
