using Strata.Cloud.Platform;
using Strata.Cloud.Updates.Rows;
using Strata.Core.Devices;
using Strata.Core.Updates.Manifests;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Updates.Book;

/// <summary>A rollout in memory, with what of it is written.</summary>
internal sealed class LiveRollout(Rollout rollout)
{
    public Rollout Rollout { get; } = rollout;

    /// <summary>As it was written; null while it is not.</summary>
    public RolloutHead? Written { get; set; }

    /// <summary>Devices that have a row.</summary>
    public HashSet<DeviceId> WrittenMembers { get; } = [];

    /// <summary>Told that there is a job, since when.</summary>
    public Dictionary<DeviceId, DateTimeOffset> Told { get; } = [];

    public DateTimeOffset Followed { get; set; }
}

/// <summary>A tenant's rollouts in memory. Everything is done while <see cref="Gate"/> is held, and nothing that waits.</summary>
internal sealed class TenantRollouts
{
    private readonly Dictionary<DeviceId, List<LiveRollout>> ofDevice = [];
    private readonly Dictionary<(DeviceId Device, string Component), SoftwareHistory> software = [];
    private readonly Dictionary<DeviceId, int> components = [];
    private readonly HashSet<DeviceId> telling = [];
    private readonly Dictionary<(DeviceId Device, string Component), long> heard = [];

    public Lock Gate { get; } = new();

    public Dictionary<string, LiveRollout> All { get; } = new(StringComparer.Ordinal);

    /// <summary>A write failed: what is in memory may be ahead of the tables or behind them, and is loaded again before anything else.</summary>
    public bool IsDoubtful { get; set; }

    /// <summary>How often it was loaded. What was decided before it was loaded again is gone, and is not written.</summary>
    public int Loads { get; private set; }

    /// <summary>What somebody did that is not written yet, the oldest first. Written with what has come of it.</summary>
    public List<UpdateAudit> Done { get; } = [];

    /// <summary>What changed of what devices run and is not written yet: rows that come and go.</summary>
    public List<(object? Before, object? After)> Software { get; } = [];

    /// <summary>Rollouts that are not in memory any more and whose rows are there yet.</summary>
    public List<LiveRollout> Removed { get; } = [];

    public void Add(LiveRollout live)
    {
        All.Add(live.Rollout.Plan.Id, live);
        foreach (var device in live.Rollout.Members.Keys)
            Note(device, live);
    }

    public void Remove(LiveRollout live)
    {
        All.Remove(live.Rollout.Plan.Id);
        Removed.Add(live);
        foreach (var device in live.Rollout.Members.Keys)
            Let(device, live);
    }

    public void Note(DeviceId device, LiveRollout live)
    {
        if (!ofDevice.TryGetValue(device, out var rollouts))
            ofDevice[device] = rollouts = [];
        rollouts.Insert(rollouts.FindLastIndex(l => l.Rollout.Plan.Created <= live.Rollout.Plan.Created) + 1, live);
    }

    public void Let(DeviceId device, LiveRollout live)
    {
        if (ofDevice.TryGetValue(device, out var rollouts) && rollouts.Remove(live) && rollouts.Count == 0)
            ofDevice.Remove(device);
    }

    /// <summary>Rollouts that the device is in, the oldest first.</summary>
    public IReadOnlyList<LiveRollout> Of(DeviceId device) => ofDevice.TryGetValue(device, out var rollouts) ? rollouts : [];

    /// <summary>Of them, those that give it jobs: a configuration is no job.</summary>
    public IReadOnlyList<LiveRollout> WithJobs(DeviceId device) => Of(device) is { Count: > 0 } rollouts ? [.. rollouts.Where(l => l.Rollout.Plan.Configuration is null)] : [];

    /// <summary>The rollout whose job the device is at, also of one that is over: a device is at one job at a time. Null when it is at none.</summary>
    public LiveRollout? WorkOf(DeviceId device) => WithJobs(device).FirstOrDefault(l => l.Rollout.Members.GetValueOrDefault(device)?.State.IsInFlight() == true);

    /// <summary>Rollouts of configurations whose devices have something else than the layer says to the others.</summary>
    public IEnumerable<LiveRollout> Holders => All.Values.Where(l => l.Rollout.HoldsLayer);

    /// <summary>The rollout that changes a layer, or the one that takes it back; null when none does.</summary>
    public LiveRollout? HolderOf(string layer) => Holders.FirstOrDefault(l => l.Rollout.Plan.Configuration!.Layer == layer);

    /// <summary>What a device runs of a component, as it said last; null when it never did.</summary>
    public string? VersionOf(DeviceId device, string component) => software.TryGetValue((device, component), out var runs) ? runs.Version : null;

    /// <summary>The rollout of whose job a version of a component came to a device; null when it came by another way. A device may say that it has the version before it says that its job is done.</summary>
    public string? BringerOf(DeviceId device, string component, string version) =>
        WithJobs(device).FirstOrDefault(live => live.Rollout is var rollout && rollout.Plan.Component == component && rollout.Members[device] is var member
            && (member.State.IsInFlight() || member.State == MemberState.Unconfirmed) && UpdateVersion.Same(rollout.VersionFor(member), version))?.Rollout.Plan.Id;

    /// <summary>Notes that a device says by itself which components it has.</summary>
    public void Tells(DeviceId device) => telling.Add(device);

    /// <summary>Whether a device says by itself which components it has: its firmware is none of those that it does not name.</summary>
    public bool TellsItsSoftware(DeviceId device) => telling.Contains(device);

    /// <summary>Notes when a device said what it has of a component. Gateways may bring what they have kept after what is new.</summary>
    /// <param name="at">When its gateway heard it, by the gateway's clock; null where it was said here, which is always the newest.</param>
    /// <returns>Whether it is the newest that it said.</returns>
    public bool Hear(DeviceId device, string component, long? at)
    {
        if (at is not { } said)
            return true;
        if (heard.GetValueOrDefault((device, component)) > said)
            return false;
        heard[(device, component)] = said;
        return true;
    }

    /// <summary>Whether a device's component differs from what it is known to run.</summary>
    public bool IsNews(DeviceId device, string component, string version) => !UpdateVersion.Same(VersionOf(device, component), version);

    /// <summary>Components of a device of which a version is known.</summary>
    public int ComponentsOf(DeviceId device) => components.GetValueOrDefault(device);

    /// <summary>Since when the device runs what is known last of a component; the beginning of time when nothing is.</summary>
    public DateTimeOffset SinceOf(DeviceId device, string component) => software.TryGetValue((device, component), out var runs) ? runs.Since : DateTimeOffset.MinValue;

    /// <summary>What a device runs, to be written when that is news; with it goes what is too old to be remembered.</summary>
    /// <param name="keep">Versions of a component that are remembered of a device.</param>
    public void Note(DeviceSoftwareRow row, int keep)
    {
        if (!Runs(row, keep, out var dropped))
            return;
        Software.Add((null, row));
        if (dropped is not { } since)
            return;
        var old = row with { Since = since };
        if (Software.RemoveAll(s => s is { Before: null, After: DeviceSoftwareRow unwritten } && (unwritten.Device, unwritten.Component, unwritten.Since) == (old.Device, old.Component, since)) == 0)
            Software.Add((old, null));
    }

    /// <summary>Notes what a device runs of a component; false when it is known already, or something newer is.</summary>
    /// <param name="dropped">Since when it ran the version that is let go of; null when none is.</param>
    public bool Runs(DeviceSoftwareRow row, int keep, out DateTimeOffset? dropped)
    {
        dropped = null;
        var device = DeviceId.Parse(row.Device);
        if (row.Rollout is null)
            Tells(device);
        var known = software.TryGetValue((device, row.Component), out var there);
        if (known && (there.Since >= row.Since || UpdateVersion.Same(there.Version, row.Version)))
            return false;
        if (!known)
            components[device] = ComponentsOf(device) + 1;
        var earlier = known ? there.Earlier ?? new Queue<DateTimeOffset>() : null;
        earlier?.Enqueue(there.Since);
        if (earlier?.Count >= keep)
            dropped = earlier.Dequeue();
        software[(device, row.Component)] = new SoftwareHistory(row.Version, row.Since, earlier);
        return true;
    }

    public void Clear()
    {
        All.Clear();
        ofDevice.Clear();
        software.Clear();
        components.Clear();
        telling.Clear();
        heard.Clear();
        Done.Clear();
        Software.Clear();
        Removed.Clear();
        IsDoubtful = false;
        Loads++;
    }

    /// <param name="Earlier">Since when it ran the versions before, the oldest first; null when there were none.</param>
    private readonly record struct SoftwareHistory(string Version, DateTimeOffset Since, Queue<DateTimeOffset>? Earlier);
}

/// <summary>What somebody did with a rollout.</summary>
internal sealed record UpdateAudit(Caller Caller, DateTimeOffset At, string Action, string Rollout, object? Before, object? After);
