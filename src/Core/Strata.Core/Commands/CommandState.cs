namespace Strata.Core.Commands;

/// <summary>How far a command is.</summary>
public enum CommandState
{
    /// <summary>It waits: the device is away, or another command of it comes first.</summary>
    Queued,

    /// <summary>It was said to the device, or handed to its gateway.</summary>
    Sent,

    /// <summary>The device has acknowledged it (PUBACK): from here on it is the device's to see to.</summary>
    Delivered,

    /// <summary>The device says that it is at it.</summary>
    Running,

    /// <summary>The device says that it is done.</summary>
    Succeeded,

    /// <summary>The device says that it could not.</summary>
    Failed,

    /// <summary>It was said to the device, and no answer came in time. An answer that comes later still counts.</summary>
    TimedOut,

    /// <summary>Somebody took it back. Where it had been said, the device may have done it all the same.</summary>
    Cancelled,

    /// <summary>It was never said to the device: its time was over before.</summary>
    Expired,
}

/// <summary>The way of a command, as one table.</summary>
public static class CommandStates
{
    /// <summary>In the order of <see cref="CommandState"/>.</summary>
    private static readonly Rule[] Rules =
    [
        new("queued", CommandState.Sent, CommandState.Cancelled, CommandState.Expired, CommandState.TimedOut, CommandState.Running, CommandState.Succeeded, CommandState.Failed),
        new("sent", CommandState.Queued, CommandState.Sent, CommandState.Delivered, CommandState.Running, CommandState.Succeeded, CommandState.Failed, CommandState.TimedOut, CommandState.Cancelled),
        new("delivered", CommandState.Sent, CommandState.Running, CommandState.Succeeded, CommandState.Failed, CommandState.TimedOut, CommandState.Cancelled),
        new("running", CommandState.Running, CommandState.Succeeded, CommandState.Failed, CommandState.TimedOut, CommandState.Cancelled),
        new("succeeded"),
        new("failed"),
        new("timedOut", CommandState.Succeeded, CommandState.Failed),
        new("cancelled"),
        new("expired"),
    ];

    /// <summary>All there are, in the order of the enumeration.</summary>
    public static IReadOnlyList<CommandState> All { get; } = Enum.GetValues<CommandState>();

    /// <summary>The state's name in API, tables and texts.</summary>
    public static string NameOf(CommandState state) => Rules[(int)state].Name;

    /// <summary>Finds a state by its name.</summary>
    public static bool TryParse(string? name, out CommandState state)
    {
        var found = Array.FindIndex(Rules, r => r.Name == name);
        state = found < 0 ? default : All[found];
        return found >= 0;
    }

    /// <summary>Whether one state may follow another.</summary>
    public static bool MayFollow(CommandState from, CommandState to) => Rules[(int)from].Next.Contains(to);

    /// <summary>Nobody waits for anything any more. After <see cref="CommandState.TimedOut"/> an answer may still make it another such state.</summary>
    public static bool IsFinal(this CommandState state) => state >= CommandState.Succeeded;

    /// <summary>It is with the device, or on its way there.</summary>
    public static bool IsUnderWay(this CommandState state) => state is CommandState.Sent or CommandState.Delivered or CommandState.Running;

    private sealed record Rule(string Name, params CommandState[] Next);
}
