namespace Strata.Core.Devices;

/// <summary>The legal steps between the states of <see cref="DeviceState"/>; there are no others.</summary>
public static class DeviceLifecycle
{
    private static readonly Dictionary<DeviceState, DeviceState[]> Steps = new()
    {
        [DeviceState.Unprovisioned] = [DeviceState.Provisioning, DeviceState.Decommissioned],
        [DeviceState.Provisioning] = [DeviceState.Active, DeviceState.Unprovisioned, DeviceState.Decommissioned],
        [DeviceState.Active] = [DeviceState.Degraded, DeviceState.Maintenance, DeviceState.Decommissioned],
        [DeviceState.Degraded] = [DeviceState.Active, DeviceState.Maintenance, DeviceState.Decommissioned],
        [DeviceState.Maintenance] = [DeviceState.Active, DeviceState.Degraded, DeviceState.Provisioning, DeviceState.Decommissioned],
        [DeviceState.Decommissioned] = [],
    };

    /// <summary>The states that can follow; none after <see cref="DeviceState.Decommissioned"/>.</summary>
    public static IReadOnlyList<DeviceState> Next(DeviceState state) => Steps[state];

    /// <summary>The step from one state to another, or why there is none.</summary>
    public static Outcome<DeviceTransition> Move(DeviceState from, DeviceState to, string cause, DateTimeOffset now)
    {
        if (cause.Length == 0)
            return new Problem(ProblemKind.Invalid, "A change of state needs a cause.", "cause");
        if (Steps[from].Contains(to))
            return new DeviceTransition(from, to, cause, now);
        return new Problem(
            ProblemKind.Conflict,
            Steps[from] is [] ? $"A {Name(from)} device stays so; create it anew under the same name." : $"A {Name(from)} device cannot become {Name(to)}; only {string.Join(", ", Steps[from].Select(Name))}.",
            "state");
    }

    /// <summary>Whether a device in this state may connect.</summary>
    public static bool MayConnect(DeviceState state) => state is not (DeviceState.Unprovisioned or DeviceState.Decommissioned);

    /// <summary>The state's name in the API: lower case.</summary>
    public static string Name(DeviceState state) => state switch
    {
        DeviceState.Unprovisioned => "unprovisioned",
        DeviceState.Provisioning => "provisioning",
        DeviceState.Active => "active",
        DeviceState.Degraded => "degraded",
        DeviceState.Maintenance => "maintenance",
        DeviceState.Decommissioned => "decommissioned",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "Not a state."),
    };
}
