using Strata.Core.Updates.Rings;
using Strata.Core.Updates.Rollouts;

namespace Strata.Core.Updates.Rehearsal;

/// <summary>A device that a rollout would be for.</summary>
/// <param name="Bytes">That it downloads.</param>
/// <param name="Radio">By which link; null for a wire.</param>
public sealed record RehearsedDevice(RolloutCandidate Candidate, long Bytes, RadioKind? Radio);

/// <summary>Links as far as a download cares. Rates are what a payload gets, not what the link is called by; currents are of the receiving device.</summary>
/// <param name="BitsPerSecond">Of payload.</param>
/// <param name="Milliamperes">While it receives.</param>
public sealed record RadioKind(string Name, double BitsPerSecond, double Milliamperes, double BatteryMah)
{
    /// <summary>SF7 at 125 kHz without duty cycle; NB-IoT and LTE-M in good coverage; 2.4 GHz radios.</summary>
    private static readonly RadioKind[] Known =
        [new("lora", 5_470, 12, 2_600), new("nbiot", 20_000, 60, 5_000), new("ltem", 300_000, 100, 5_000), new("ble", 200_000, 8, 230), new("zigbee", 100_000, 25, 1_000), new("wifi", 10_000_000, 90, 3_000)];

    /// <summary>By what a power profile is called: <c>lora-2aa</c>, <c>nb-iot</c>; null for a device that is not on a battery, or nobody knows.</summary>
    public static RadioKind? Of(string? powerProfile) =>
        powerProfile is null ? null : Array.Find(Known, k => powerProfile.Replace("-", "", StringComparison.Ordinal).StartsWith(k.Name, StringComparison.OrdinalIgnoreCase));

    public TimeSpan Airtime(long bytes) => TimeSpan.FromSeconds(bytes * 8 / BitsPerSecond);

    /// <summary>Of a full battery.</summary>
    public double BatteryPercent(long bytes) => Airtime(bytes).TotalHours * Milliamperes / BatteryMah * 100;
}

/// <summary>One ring of a rehearsal.</summary>
/// <param name="Hit">Devices that run the build at most when the gate stops it in this ring.</param>
public sealed record RehearsedRing(Ring Ring, int Targets, TimeSpan Installing, int Hit);

/// <summary>What a rollout would cost and take.</summary>
/// <param name="Airtime">Of one download, on the slowest link among the devices.</param>
/// <param name="BatteryPercent">Of one download, of the weakest battery among them.</param>
public sealed record RehearsedRollout(IReadOnlyList<RehearsedRing> Rings, long Bytes, TimeSpan Airtime, double BatteryPercent, TimeSpan Expected);

/// <summary>Reckons what a rollout would be from its plan and its devices: nothing is sent.</summary>
public static class RolloutForecast
{
    public static RehearsedRollout Make(RolloutPlan plan, IReadOnlyCollection<RehearsedDevice> devices)
    {
        var rings = RingAssignment.Deal(plan.Id, plan.Rings, [.. devices.Select(d => d.Candidate.Target)]);
        var byRing = devices.ToLookup(d => rings[d.Candidate.Target.Id]);
        var (found, before, expected) = (new List<RehearsedRing>(), 0, TimeSpan.Zero);
        for (var i = 0; i < plan.Rings.Rings.Count; i++)
        {
            var inRing = byRing[i].ToArray();
            var installing = Installing(plan, inRing);
            before += inRing.Length;
            found.Add(new RehearsedRing(plan.Rings.Rings[i], inRing.Length, installing, before));
            expected += installing + plan.Rings.Rings[i].Soak;
        }
        var radios = devices.Where(d => d.Radio is not null).ToArray();
        return new RehearsedRollout(
            found, devices.Sum(d => d.Bytes), radios.Length == 0 ? TimeSpan.Zero : radios.Max(d => d.Radio!.Airtime(d.Bytes)), radios.Length == 0 ? 0 : radios.Max(d => d.Radio!.BatteryPercent(d.Bytes)), expected);
    }

    /// <summary>
    /// A device asks within its own interval, downloads, and says within another that it is well; the last of a ring decides, of whom nineteen in twenty are waited for. Not faster than
    /// the pace allows, in all and behind the fullest gateway.
    /// </summary>
    private static TimeSpan Installing(RolloutPlan plan, RehearsedDevice[] devices)
    {
        if (devices.Length == 0)
            return TimeSpan.Zero;
        var each = devices.Select(d => (2 * d.Candidate.Interval) + (d.Radio?.Airtime(d.Bytes) ?? TimeSpan.FromSeconds(d.Bytes * 8 / 10e6)) + TimeSpan.FromMinutes(1)).Order().ToArray();
        var slow = each[Math.Min(each.Length - 1, each.Length * 95 / 100)];
        var mean = TimeSpan.FromTicks((long)each.Average(t => t.Ticks));
        var fullest = devices.GroupBy(d => d.Candidate.Target.Gateway).Where(g => g.Key is not null).Select(g => g.Count()).DefaultIfEmpty(0).Max();
        var byRate = TimeSpan.FromMinutes((double)devices.Length / plan.Pace.PerMinute);
        var inTurns = mean * Math.Max((double)devices.Length / plan.Pace.InFlight, (double)fullest / plan.Pace.PerGateway);
        return new[] { slow, byRate + mean, inTurns }.Max();
    }
}
