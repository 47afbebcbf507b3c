using Strata.Core.Devices;
using Strata.Core.Updates.Gate;
using Strata.Core.Updates.Rings;
using Strata.Core.Updates.Rollouts;

namespace Strata.Core.Updates.Simulation;

/// <param name="Devices">10 to 1,000,000.</param>
/// <param name="Buildings">1 to the number of devices; a gateway each.</param>
/// <param name="FailuresPerDay">Part of the devices that fail on any day by themselves.</param>
public sealed record SimulationOptions(int Devices, int Buildings, int Seed, SimulatedBuild Build, RingUnit Unit = RingUnit.Device, double FailuresPerDay = 0.003)
{
    /// <summary>Time between two looks.</summary>
    public TimeSpan Step { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>It is given up after so long.</summary>
    public TimeSpan Longest { get; init; } = TimeSpan.FromDays(60);
}

/// <summary>
/// A fleet in time that is reckoned, and the rollout that the cloud would run, on it. A twentieth of the devices are of revision <c>C</c>. The same seed gives the same run. Who wants to
/// know what deciding costs times <see cref="Look"/>.
/// </summary>
public sealed class FleetSimulation
{
    public static readonly DateTimeOffset Start = new(2026, 1, 5, 8, 0, 0, TimeSpan.Zero);

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);
    private static readonly string[] Models = ["temperature", "humidity", "occupancy"];

    private readonly SimulationOptions options;
    private readonly Dictionary<DeviceId, SimulatedDevice> devices;
    private readonly List<(DeviceId Id, SimulatedDevice Device)> installing = [];

    public FleetSimulation(SimulationOptions options)
    {
        this.options = options;
        var random = new Random(options.Seed);
        var candidates = new List<RolloutCandidate>(options.Devices);
        devices = new Dictionary<DeviceId, SimulatedDevice>(options.Devices);
        var perBuilding = Math.Max(1, (options.Devices + options.Buildings - 1) / options.Buildings);
        for (var i = 0; i < options.Devices; i++)
        {
            var target = new RolloutTarget(DeviceId.Parse($"s-{i:D6}"), $"b-{i / perBuilding:D3}/f-{i % perBuilding / 12}", Models[i % 3], random.Next(20) switch { 0 => "C", < 8 => "A", _ => "B" }, $"gw-{i / perBuilding:D3}");
            candidates.Add(new RolloutCandidate(target, Interval, "1.0"));
            devices.Add(target.Id, new SimulatedDevice(new Random(random.Next()), Start, options.FailuresPerDay));
        }
        Now = Start;
        Rollout = Rollout.Draft(
            new RolloutPlan
            {
                Id = $"sim-{options.Seed}", Name = options.Build.Name, CreatedBy = "simulation", Created = Start, Artifact = $"app/2.0/{options.Build.Name}", Component = "app", Version = "2.0",
                NeedsApproval = false, Rings = RingPlan.Usual(options.Unit),
            }, candidates, Start);
        foreach (var member in Rollout.Members.Values)
            member.Beside = devices[member.Id];
        Rollout.Start(Start);
    }

    public Rollout Rollout { get; }

    public DateTimeOffset Now { get; private set; }

    public bool IsOver => Rollout.Head.State.IsOver() || Now - Start > options.Longest;

    /// <summary>Time goes on by a step: devices ask, install and report.</summary>
    public void Advance()
    {
        Now += options.Step;
        for (var i = installing.Count - 1; i >= 0; i--)
        {
            var (id, device) = installing[i];
            if (Now < device.InstalledAt)
                continue;
            installing.RemoveAt(i);
            if (!device.Signs(Now).Silent && device.Outcome != MemberState.Unconfirmed)
                Rollout.Report(id, device.Outcome, device.Outcome == MemberState.Succeeded ? null : "the simulated build", device.Outcome == MemberState.Succeeded ? "2.0" : "1.0", null, Now);
            if (device.Outcome != MemberState.Succeeded)
                device.GoBack();
        }
        foreach (var id in Rollout.WouldBeOffered(Now, m => !((SimulatedDevice)m.Beside!).Signs(Now).Silent, static _ => true, int.MaxValue))
        {
            if (Rollout.Poll(id, Now, inWindow: true) is not { } member)
                continue;
            var device = devices[id];
            device.Install(options.Build, member.Candidate.Target.Hardware!, Now);
            Rollout.Report(id, MemberState.Installing, null, null, null, Now);
            installing.Add((id, device));
        }
    }

    /// <summary>The evidence of now is looked at and decided on.</summary>
    public GateDecision? Look() => Rollout.Look(member =>
    {
        var signs = ((SimulatedDevice)member.Beside!).Signs(Now);
        return new MemberEvidence(signs, !signs.Silent);
    }, Now);

    public void Run()
    {
        while (!IsOver)
        {
            Advance();
            Look();
        }
    }
}
