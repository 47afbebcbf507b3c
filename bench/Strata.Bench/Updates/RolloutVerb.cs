using System.Diagnostics;
using Strata.Core.Updates.Gate;
using Strata.Core.Updates.Rollouts;
using Strata.Core.Updates.Simulation;

namespace Strata.Bench.Updates;

/// <summary>What deciding about a rollout costs: each look at a whole simulated fleet, by the processor's time of this process, and whether memory grows from the first ring to the end.</summary>
internal static class RolloutVerb
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var devices = arguments.Number("devices", 100_000);
        var fleet = new FleetSimulation(new SimulationOptions(devices, 250, arguments.Number("seed", 1), SimulatedBuild.Good));
        using var process = Process.GetCurrentProcess();
        var looks = new List<double>();
        var deciding = new List<double>();
        var (whole, firstSoak) = (Stopwatch.StartNew(), 0L);
        while (!fleet.IsOver)
        {
            fleet.Advance();
            var before = Cpu(process);
            var decision = fleet.Look();
            var took = Cpu(process) - before;
            looks.Add(took);
            if (decision is { Outcome: not GateOutcome.Wait })
                deciding.Add(took);
            if (firstSoak == 0 && fleet.Rollout.Head.State == RolloutState.Soaking)
                firstSoak = GC.GetTotalMemory(forceFullCollection: true);
        }
        looks.Sort();
        return Results.Write("rollout", new
        {
            Case = "rollout of a good build over a simulated fleet; a look takes in what became of every device and decides; ms of processor",
            Devices = devices,
            State = RolloutNames.NameOf(fleet.Rollout.Head.State),
            VirtualDays = Math.Round((fleet.Now - FleetSimulation.Start).TotalDays, 2),
            Looks = looks.Count,
            MedianLookMs = looks[looks.Count / 2],
            P99LookMs = looks[looks.Count * 99 / 100],
            SlowestLookMs = looks[^1],
            LooksThatEndedARingMs = deciding,
            BarMs = 1_000,
            MemoryInTheFirstSoakMB = firstSoak / 1_000_000.0,
            MemoryAtTheEndMB = GC.GetTotalMemory(forceFullCollection: true) / 1_000_000.0,
            WholeSeconds = Math.Round(whole.Elapsed.TotalSeconds, 1),
            LoadAverage = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0],
        });
    }

    private static double Cpu(Process process)
    {
        process.Refresh();
        return process.TotalProcessorTime.TotalMilliseconds;
    }
}
