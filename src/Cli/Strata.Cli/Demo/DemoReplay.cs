using Strata.Cloud.Contracts;

namespace Strata.Cli.Demo;

/// <summary>Which recording each device of the sample replays, and how fast.</summary>
/// <param name="folder">For what is cut out of a recording.</param>
internal sealed class DemoReplay(double speed, string folder)
{
    /// <summary>5.65 days at one row every five minutes.</summary>
    private const int MachineRows = 1628;

    private int rooms;

    public double Speed => speed;

    /// <summary>The agent's source for a device by its model; null for a model that has no recording.</summary>
    public IReadOnlyList<string>? ArgumentsFor(DeviceInfo device)
    {
        IReadOnlyList<string>? source = device.Model switch
        {
            "room-sensor" => Room(),
            "machine-sensor" => Machine(),
            "host" => ["--source", "host", "--interval", "1s"],
            "room-controller" => ["--source", "room"],
            _ => null,
        };
        return source is null ? null : [.. source, .. Reporting(device)];
    }

    /// <summary>Each room is the same real room, some hours on: the pages say so.</summary>
    private string[] Room() =>
    [
        "--source", $"replay:{DemoSamples.Find("office/data/datatraining.txt")}",
        "--map", "temperature=Temperature", "--map", "humidity=Humidity", "--map", "light=Light", "--map", "co2=CO2", "--map", "occupancy=Occupancy",
        "--immediate", "occupancy", "--offset", $"{rooms++ * 5}h", .. Pace(),
    ];

    /// <summary>The recording's end, with the failure it is known for: as many days as the rooms' recording has.</summary>
    private string[] Machine()
    {
        var lines = File.ReadAllLines(DemoSamples.Find("office/data/machine_temperature_system_failure.csv"));
        var end = Path.Combine(folder, "machine.csv");
        File.WriteAllLines(end, [lines[0], .. lines.TakeLast(MachineRows)]);
        return ["--source", $"replay:{end}", "--map", "machine temperature=value:degF", .. Pace()];
    }

    /// <summary>Event time runs as fast as the replay and reaches the wall clock at its end.</summary>
    private string[] Pace() => ["--speed", speed.ToString("R"), "--shift-end", "now"];

    private static IEnumerable<string> Reporting(DeviceInfo device)
    {
        foreach (var (metric, band) in device.Deadband)
            yield return $"--deadband={metric}={band:R}";
        yield return $"--heartbeat={device.Heartbeat.TotalSeconds:R}s";
    }
}
