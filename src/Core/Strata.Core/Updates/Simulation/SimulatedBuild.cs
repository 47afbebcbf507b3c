using Strata.Core.Updates.Gate;

namespace Strata.Core.Updates.Simulation;

/// <summary>What a build does to some of the devices that run it.</summary>
/// <param name="Share">Of the devices that it can hit: above 0, at most 1.</param>
/// <param name="Hardware">Only this revision; null for all.</param>
/// <param name="After">When it shows, counted from the installation; a tenth earlier or later.</param>
/// <param name="Effect">How it shows; null where the installation itself fails.</param>
/// <param name="Installation">What the device says of the installation; <see cref="Rollouts.MemberState.Succeeded"/> unless it fails.</param>
public sealed record SimulatedFault(double Share, string? Hardware, TimeSpan After, HealthMetric? Effect, Rollouts.MemberState Installation = Rollouts.MemberState.Succeeded);

/// <summary>A build with what is wrong with it.</summary>
public sealed record SimulatedBuild(string Name, IReadOnlyList<SimulatedFault> Faults)
{
    public static readonly SimulatedBuild Good = new("good", []);
}
