namespace Strata.Core.Maintenance;

/// <summary>What is to be done at devices.</summary>
public enum WorkOrderKind
{
    /// <summary>Put in a new battery.</summary>
    ReplaceBattery,

    /// <summary>Find out why it is silent.</summary>
    Investigate,

    /// <summary>Mend or exchange it.</summary>
    Repair,

    /// <summary>Look at it, and at how it stands.</summary>
    Inspect,
}

/// <summary>The table of kinds: name, skill, parts, time.</summary>
public static class WorkOrderKinds
{
    private static readonly (string Name, string Title, string Skill, string? Part, int Minutes)[] Table =
    [
        ("replaceBattery", "Replace the battery", "battery", "battery", 10),
        ("investigate", "Find out why it is silent", "diagnosis", null, 25),
        ("repair", "Mend or exchange it", "electronics", "spare unit", 30),
        ("inspect", "Look at it", "diagnosis", null, 15),
    ];

    public static IReadOnlyList<WorkOrderKind> All { get; } = Enum.GetValues<WorkOrderKind>();

    public static string NameOf(WorkOrderKind kind) => Table[(int)kind].Name;

    public static string TitleOf(WorkOrderKind kind) => Table[(int)kind].Title;

    /// <summary>What who does it must be able to.</summary>
    public static string SkillOf(WorkOrderKind kind) => Table[(int)kind].Skill;

    /// <summary>What is needed for each device; null for nothing.</summary>
    public static string? PartOf(WorkOrderKind kind) => Table[(int)kind].Part;

    /// <summary>Usual minutes at one device.</summary>
    public static int MinutesOf(WorkOrderKind kind) => Table[(int)kind].Minutes;

    public static bool TryParse(string? name, out WorkOrderKind kind)
    {
        var at = Array.FindIndex(Table, t => t.Name == name);
        kind = at < 0 ? default : (WorkOrderKind)at;
        return at >= 0;
    }
}
