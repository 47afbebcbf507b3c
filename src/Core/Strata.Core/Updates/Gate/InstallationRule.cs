namespace Strata.Core.Updates.Gate;

/// <summary>Installations of a ring whose end is known.</summary>
/// <param name="Failed">Said by the device.</param>
/// <param name="RolledBack">Went back by itself.</param>
/// <param name="Unconfirmed">Not heard with the new version in time.</param>
/// <param name="Background">Part of installations in whose time a device falls silent anyway: what the control did.</param>
public readonly record struct InstallationCounts(int Succeeded, int Failed, int RolledBack, int Unconfirmed, double Background = 0)
{
    public int Failures => Failed + RolledBack + Unconfirmed;

    public int Tried => Succeeded + Failures;
}

/// <summary>
/// The rule of installations: a ring is stopped when it is sure that more than the limit fail, that is when the exact one-sided lower bound of their rate is above it. Going on needs no
/// proof of being below. Devices that are not confirmed because they fall silent on any day count only beyond what the control does of that.
/// </summary>
public static class InstallationRule
{
    public static InstallationFigures Judge(in InstallationCounts counts, GatePolicy policy)
    {
        var limit = policy.InstallationLimit + (counts.Unconfirmed > 0 ? counts.Background : 0);
        var bound = BinomialBound.Lower(counts.Failures, counts.Tried, policy.Confidence);
        return new InstallationFigures(counts.Tried, counts.Failed, counts.RolledBack, counts.Unconfirmed, bound, limit, bound > limit);
    }
}

/// <param name="Bound">Lower bound of the rate of failures.</param>
/// <param name="Limit">With what the control explains.</param>
public sealed record InstallationFigures(int Tried, int Failed, int RolledBack, int Unconfirmed, double Bound, double Limit, bool Exceeds);
