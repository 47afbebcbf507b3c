namespace Strata.Core.Maintenance;

/// <summary>Where a work order is.</summary>
public enum WorkOrderState
{
    /// <summary>Nobody's yet.</summary>
    Open,

    /// <summary>Somebody's.</summary>
    Assigned,

    /// <summary>Somebody is at it.</summary>
    Started,

    Done,

    Cancelled,
}

/// <summary>The legal steps of a work order; there are no others.</summary>
public static class WorkOrderLifecycle
{
    private static readonly WorkOrderState[][] Steps =
    [
        [WorkOrderState.Assigned, WorkOrderState.Started, WorkOrderState.Done, WorkOrderState.Cancelled],
        [WorkOrderState.Open, WorkOrderState.Started, WorkOrderState.Done, WorkOrderState.Cancelled],
        [WorkOrderState.Assigned, WorkOrderState.Done, WorkOrderState.Cancelled],
        [],
        [],
    ];

    private static readonly string[] Names = ["open", "assigned", "started", "done", "cancelled"];

    public static IReadOnlyList<string> AllNames => Names;

    public static string NameOf(WorkOrderState state) => Names[(int)state];

    public static bool TryParse(string? name, out WorkOrderState state)
    {
        var at = Array.IndexOf(Names, name);
        state = at < 0 ? default : (WorkOrderState)at;
        return at >= 0;
    }

    /// <summary>Nothing more is to be done.</summary>
    public static bool IsOver(WorkOrderState state) => state is WorkOrderState.Done or WorkOrderState.Cancelled;

    /// <summary>The step, or why there is none. To where it is already is no step and no problem.</summary>
    public static Problem? Check(WorkOrderState from, WorkOrderState to) => from == to || Steps[(int)from].Contains(to)
        ? null
        : new Problem(ProblemKind.Conflict, IsOver(from) ? $"The work order is {NameOf(from)} and stays so." : $"A work order that is {NameOf(from)} cannot become {NameOf(to)}.", "state");
}
