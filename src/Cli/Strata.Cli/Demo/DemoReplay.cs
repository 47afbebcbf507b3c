using Strata.Cloud.Contracts;

namespace Strata.Cli.Demo;

/// <summary>Which recording each device of the sample replays, and how fast.</summary>
internal sealed class DemoReplay(double speed)
{
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

    private string[] Machine() =>
    [
        "--source", $"replay:{DemoSamples.Find("office/data/machine_temperature_system_failure.csv")}", "--map", "machine temperature=value:degF", .. Pace(),
    ];

    private string[] Pace() => ["--speed", speed.ToString("R")];

    private static IEnumerable<string> Reporting(DeviceInfo device)
    {
        foreach (var (metric, band) in device.Deadband)
            yield return $"--deadband={metric}={band:R}";
        yield return $"--heartbeat={device.Heartbeat.TotalSeconds:R}s";
    }
}
