using System.Globalization;

namespace Strata.Cli.Simulate;

/// <summary>What is planted in a sensor.</summary>
internal enum PlantedFault
{
    None,

    /// <summary>Its battery runs low while the simulation runs.</summary>
    LowBattery,

    /// <summary>It falls silent while the simulation runs.</summary>
    Offline,
}

/// <summary>
/// One simulated parking sensor: its battery, radio and clock are drawn from a seed, and so is what will go wrong with it. It knows; the node is not told. One thread at a time.
/// </summary>
internal sealed class ParkingSensor
{
    private readonly Random random;
    private readonly double batteryStart;
    private readonly double batteryEnd;
    private readonly double rssi;
    private readonly TimeSpan clock;
    private readonly double faultAt;
    private bool occupied;
    private int reports;

    private ParkingSensor(string id, string place, bool isLora, PlantedFault fault, int seed)
    {
        (Id, Place, IsLora, Fault) = (id, place, isLora, fault);
        random = new Random(seed);
        faultAt = 0.15 + (0.15 * random.NextDouble());
        batteryStart = fault == PlantedFault.LowBattery ? 26 : 35 + (65 * random.NextDouble());
        batteryEnd = fault == PlantedFault.LowBattery ? 8 + (4 * random.NextDouble()) : batteryStart - 1;
        rssi = isLora ? -112 + (25 * random.NextDouble()) : -104 + (30 * random.NextDouble());
        SpreadingFactor = isLora ? 8 + random.Next(5) : 0;
        clock = TimeSpan.FromSeconds((random.NextDouble() - 0.5) * 90);
    }

    public string Id { get; }

    public string Place { get; }

    public bool IsLora { get; }

    public PlantedFault Fault { get; }

    public string Model => IsLora ? "park-lora" : "park-nbiot";

    /// <summary>7 to 12; 0 for none.</summary>
    public int SpreadingFactor { get; }

    /// <summary>How often it reports, in simulated time.</summary>
    public TimeSpan Interval => IsLora ? TimeSpan.FromMinutes(10) : TimeSpan.FromMinutes(20);

    /// <summary>Sensors of a fleet: three LoRa-like in five, the rest NB-IoT-like, in lots of fifty; the seed says which are ill.</summary>
    public static IReadOnlyList<ParkingSensor> Fleet(int count, int lowBattery, int offline, int seed)
    {
        var random = new Random(seed);
        var ill = Enumerable.Range(0, count).ToArray();
        random.Shuffle(ill);
        var faults = new PlantedFault[count];
        foreach (var i in ill.AsSpan(0, lowBattery))
            faults[i] = PlantedFault.LowBattery;
        foreach (var i in ill.AsSpan(lowBattery, offline))
            faults[i] = PlantedFault.Offline;
        var lora = count * 3 / 5;
        return [.. Enumerable.Range(0, count).Select(i => new ParkingSensor(
            i < lora ? $"lora-{i + 1:0000}" : $"nb-{i - lora + 1:0000}", $"city/lot-{(i % Math.Max(1, count / 50)) + 1:000}", i < lora, faults[i], random.Next()))];
    }

    /// <summary>Whether it has fallen silent.</summary>
    /// <param name="part">How much of the simulation is over, 0 to 1.</param>
    public bool IsSilent(double part) => Fault == PlantedFault.Offline && part >= faultAt;

    /// <summary>The time to its next report, in simulated time: its interval, and what clocks and radios do to it.</summary>
    public TimeSpan Next() => Interval * (0.92 + (0.16 * random.NextDouble()));

    /// <summary>What it reports: whether somebody parks, and how it is. By its own clock.</summary>
    public string Report(DateTimeOffset now, double part)
    {
        if (random.Next(4) == 0)
            occupied = !occupied;
        // A planted battery is low when its fault is due, the others lose a percent over the whole time.
        var used = Fault == PlantedFault.LowBattery ? Math.Clamp(part / faultAt / 2, 0, 1) : part;
        var battery = batteryStart + ((batteryEnd - batteryStart) * used);
        var radio = IsLora
            ? string.Create(CultureInfo.InvariantCulture, $",\"snr\":{-7.5 - (2.5 * (SpreadingFactor - 7)) + 4 + (8 * random.NextDouble()):0.0},\"sf\":{SpreadingFactor}")
            : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{{\"ts\":{(now + clock).ToUnixTimeMilliseconds()},\"values\":{{\"occupied\":{(occupied ? "true" : "false")},\"health\":{{\"battery\":{battery:0.0},\"rssi\":{(IsLora ? rssi : Math.Max(rssi, -108)) + random.NextDouble():0.0}{radio},\"errors\":{reports++ / 50},\"firmware\":\"{(IsLora ? "2.4.1" : "1.9.0")}\"}}}}}}");
    }
}
