using System.CommandLine;
using System.Globalization;
using Strata.Core.Control;
using Strata.Edge.Control;

namespace Strata.Edge.CommandLine;

/// <summary><c>strata-edge control-bench</c>: how punctual a control loop is on this machine, with nothing but the loop.</summary>
public static class ControlBench
{
    /// <summary>The bar for lateness plus compute at p99.9.</summary>
    public const double BarMs = 5;

    public static Command Create(TimeProvider time)
    {
        var seconds = new Option<int>("--seconds") { Description = "How long to measure; default 30.", DefaultValueFactory = _ => 30 };
        var period = new Option<string>("--period") { Description = "Time between two cycles; default 100ms.", DefaultValueFactory = _ => "100ms" };
        var command = new Command("control-bench", "Measures how late the control loop wakes and how long it computes on this machine.") { seconds, period };
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(TimeSpan.FromSeconds(parsed.GetValue(seconds)), Duration.Parse(parsed.GetRequiredValue(period)), time, parsed.InvocationConfiguration.Output, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(TimeSpan length, TimeSpan period, TimeProvider time, TextWriter output, CancellationToken cancellationToken)
    {
        var room = new RoomPlant(new ThermalRoomSettings { Noise = 0.02 }, outside: 5, speed: 60);
        var loop = new ControlLoop(new ControlOptions { Period = period }, room, room, time, speed: 60);
        using (new ControlThread(loop, period, time))
            await Task.Delay(length, time, cancellationToken);
        var f = loop.Figures;
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"cycles={f.Cycles} p50Ms={f.P50Ms:0.###} p99Ms={f.P99Ms:0.###} p999Ms={f.P999Ms:0.###} maxMs={f.MaxMs:0.###} overruns={f.Overruns} skipped={f.Skipped} realTime={(f.IsRealTime ? 1 : 0)} roomC={f.Measured:0.00} barMs={BarMs}"));
        return f.P999Ms < BarMs ? 0 : 1;
    }
}
