using System.Diagnostics;
using System.Text.Json.Serialization;
using Strata.Core.Updates.Rollouts;
using Strata.Core.Updates.Simulation;

namespace Strata.Cli.Simulate;

/// <summary>What became of a rollout on a simulated fleet.</summary>
/// <param name="Days">Of the fleet's time.</param>
/// <param name="StoppedInRing">From 1; null when it was not stopped.</param>
/// <param name="Looks">Times that the gate looked at the whole fleet.</param>
/// <param name="SlowestLookMs">What deciding cost at most, milliseconds of this machine.</param>
internal sealed record FleetRunReport(
    string Id, string State, string Build, int Devices, int Buildings, int Seed, double Days, int? StoppedInRing, string? Why, int Updated, IReadOnlyList<FleetRunRing> Rings, int Looks, double SlowestLookMs, double Seconds);

/// <param name="Decision"><c>wait</c>, <c>goOn</c>, <c>abort</c>; null before the ring began.</param>
internal sealed record FleetRunRing(double Share, int Targets, int Updated, int Failed, string? Decision, string? Why);

internal static class FleetRun
{
    public static FleetRunReport Run(SimulationOptions options, CancellationToken cancellationToken)
    {
        var whole = Stopwatch.StartNew();
        var fleet = new FleetSimulation(options);
        var (looks, slowest) = (0, TimeSpan.Zero);
        while (!fleet.IsOver)
        {
            cancellationToken.ThrowIfCancellationRequested();
            fleet.Advance();
            var before = Stopwatch.GetTimestamp();
            fleet.Look();
            (looks, slowest) = (looks + 1, Stopwatch.GetElapsedTime(before) is var took && took > slowest ? took : slowest);
        }
        var head = fleet.Rollout.Head;
        var rings = RingFigures.Of(fleet.Rollout);
        return new FleetRunReport(
            head.Plan.Id, RolloutNames.NameOf(head.State), options.Build.Name, options.Devices, options.Buildings, options.Seed, Math.Round((fleet.Now - FleetSimulation.Start).TotalDays, 3),
            head.State == RolloutState.Aborted ? head.Ring + 1 : null, head.Why, rings.Sum(r => r.Updated),
            [.. rings.Select(r => new FleetRunRing(r.Share, r.Targets, r.Updated, r.Failed, r.Decision is { } d ? NameOf(d.Outcome.ToString()) : null, r.Decision?.Why))],
            looks, Math.Round(slowest.TotalMilliseconds, 1), Math.Round(whole.Elapsed.TotalSeconds, 1));
    }

    private static string NameOf(string outcome) => char.ToLowerInvariant(outcome[0]) + outcome[1..];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(FleetRunReport))]
internal sealed partial class FleetRunJson : JsonSerializerContext;
