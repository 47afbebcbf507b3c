using Strata.Edge.Sources;

namespace Strata.Edge.Tests;

/// <summary>The real recordings that ship with Strata.</summary>
internal static class Samples
{
    public static string Occupancy => Find("samples/office/data/datatraining.txt");

    public static string Machine => Find("samples/office/data/machine_temperature_system_failure.csv");

    /// <summary>A room sensor's mapping of the occupancy file.</summary>
    public static IReadOnlyList<ColumnMapping> Room { get; } =
    [
        .. new[] { "temperature=Temperature", "humidity=Humidity", "light=Light", "co2=CO2", "humidityRatio=HumidityRatio", "occupancy=Occupancy" }.Select(ColumnMapping.Parse),
    ];

    private static string Find(string relative)
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, relative)))
                return Path.Combine(folder, relative);
        }
        throw new FileNotFoundException($"{relative} is nowhere above {AppContext.BaseDirectory}.");
    }
}
