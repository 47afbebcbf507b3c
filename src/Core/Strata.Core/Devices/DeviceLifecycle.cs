namespace Strata.Core.Devices;

/// <summary>The life of a device, as one table: what each state is called, what may follow it, and what a device may do in it.</summary>
public static class DeviceLifecycle
{
    private static readonly DeviceState[] AnyState = Enum.GetValues<DeviceState>();

    /// <summary>In the order of <see cref="DeviceState"/>.</summary>
    private static readonly Rule[] Rules =
    [
        //                                  connect, publish, commands, billed
        new("unprovisioned", DeviceRights.None, DeviceState.Provisioning, DeviceState.Decommissioned),
        new("provisioning", new DeviceRights(true, true, false, true), DeviceState.Active, DeviceState.Unprovisioned, DeviceState.Decommissioned),
        new("active", DeviceRights.All, DeviceState.Degraded, DeviceState.Maintenance, DeviceState.Decommissioned),
        new("degraded", DeviceRights.All, DeviceState.Active, DeviceState.Maintenance, DeviceState.Decommissioned),
        new("maintenance", new DeviceRights(true, true, true, false), DeviceState.Active, DeviceState.Degraded, DeviceState.Provisioning, DeviceState.Decommissioned),
        new("decommissioned", DeviceRights.None),
    ];

    /// <summary>The states that can follow; none after <see cref="DeviceState.Decommissioned"/>.</summary>
    public static IReadOnlyList<DeviceState> Next(DeviceState state) => Of(state).Next;

    /// <summary>What a device may do in the state.</summary>
    public static DeviceRights Rights(DeviceState state) => Of(state).Rights;

    /// <summary>The step from one state to another, or why there is none.</summary>
    public static Outcome<DeviceTransition> Move(DeviceState from, DeviceState to, string cause, DateTimeOffset now)
    {
        if (cause.Length == 0)
            return new Problem(ProblemKind.Invalid, "A change of state needs a cause.", "cause");
        var next = Of(from).Next;
        if (next.Contains(to))
            return new DeviceTransition(from, to, cause, now);
        return new Problem(
            ProblemKind.Conflict,
            next is [] ? $"A {Name(from)} device stays so; create it anew under the same name."
            : from == to ? $"The device is {Name(from)} already."
            : $"A {Name(from)} device cannot become {Name(to)}; only {string.Join(", ", next.Select(Name))}.",
            "state");
    }

    /// <summary>Whether a device in this state may connect.</summary>
    public static bool MayConnect(DeviceState state) => Rights(state).Connect;

    /// <summary>The state's name in the API: lower case.</summary>
    public static string Name(DeviceState state) => Of(state).Name;

    /// <summary>All names, in the order of <see cref="DeviceState"/>.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Rules.Select(r => r.Name)];

    /// <summary>Finds a state by its name, without regard to case.</summary>
    public static bool TryParse(string? name, out DeviceState state)
    {
        var found = Array.FindIndex(Rules, r => r.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        state = found < 0 ? default : AnyState[found];
        return found >= 0;
    }

    /// <summary>
    /// How long a device was in each state it has been in, as far back as the steps go. From its first known step until <paramref name="now"/>; states that it was not in are not named.
    /// </summary>
    /// <param name="steps">Oldest first.</param>
    public static IReadOnlyDictionary<DeviceState, TimeSpan> TimeIn(IReadOnlyList<DeviceTransition> steps, DateTimeOffset now)
    {
        var spent = new SortedDictionary<DeviceState, TimeSpan>();
        for (var i = 0; i < steps.Count; i++)
        {
            var until = i + 1 < steps.Count ? steps[i + 1].Time : now;
            var span = until > steps[i].Time ? until - steps[i].Time : TimeSpan.Zero;
            spent[steps[i].To] = spent.GetValueOrDefault(steps[i].To) + span;
        }
        return spent;
    }

    private static Rule Of(DeviceState state) =>
        (uint)state < (uint)Rules.Length ? Rules[(int)state] : throw new ArgumentOutOfRangeException(nameof(state), state, "Not a state.");

    private sealed record Rule(string Name, DeviceRights Rights, params DeviceState[] Next);
}
