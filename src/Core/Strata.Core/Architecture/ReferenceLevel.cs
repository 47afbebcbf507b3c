namespace Strata.Core.Architecture;

/// <summary>The seven levels of the IoT World Forum's reference model. A traced path names those it crossed.</summary>
public enum ReferenceLevel : byte
{
    /// <summary>Sensors, actuators, controllers.</summary>
    PhysicalDevices = 1,

    /// <summary>Networks and protocols between devices and what processes their data.</summary>
    Connectivity = 2,

    /// <summary>Filtering, aggregation and rules near the devices.</summary>
    EdgeComputing = 3,

    /// <summary>Data in motion put at rest.</summary>
    DataAccumulation = 4,

    /// <summary>Data of many sources made uniform and reachable.</summary>
    DataAbstraction = 5,

    /// <summary>Reporting, analytics, control.</summary>
    Application = 6,

    /// <summary>People and processes that act on it.</summary>
    Collaboration = 7,
}

/// <summary>The levels' names for people.</summary>
public static class ReferenceLevels
{
    private static readonly string[] Names =
    [
        "Physical devices and controllers", "Connectivity", "Edge (fog) computing", "Data accumulation", "Data abstraction", "Application",
        "Collaboration and processes",
    ];

    /// <summary>All of them, from the devices up.</summary>
    public static IReadOnlyList<ReferenceLevel> All { get; } = Enum.GetValues<ReferenceLevel>();

    /// <exception cref="ArgumentOutOfRangeException">It is none of the seven.</exception>
    public static string Name(this ReferenceLevel level) =>
        level is >= ReferenceLevel.PhysicalDevices and <= ReferenceLevel.Collaboration
            ? Names[(int)level - 1]
            : throw new ArgumentOutOfRangeException(nameof(level), level, "The reference model has the levels 1 to 7.");
}
