using Strata.Cloud.Contracts;
using Strata.Cloud.Health.Book;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Health;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Health.Report;

/// <summary>By what a report is divided.</summary>
internal enum FleetGrouping
{
    None,

    /// <summary>By the next place below the one that the report is of.</summary>
    Site,

    Sku,

    Firmware,

    Gateway,
}

/// <summary>A device with its verdict.</summary>
internal readonly record struct JudgedDevice(FleetDevice Device, DeviceRecord? Record, HealthFacts Facts, HealthVerdict Verdict);

/// <summary>Counts the fleet at one moment: every device is judged when it is asked, so that the counts add up and are of now.</summary>
internal sealed class FleetReports(IFleet fleet, HealthBook book, FleetMoments moments)
{
    /// <summary>Groups that a report shows, the worst first; the rest are counted together.</summary>
    private const int MaxGroups = 500;

    /// <summary>The tenant's devices that are not decommissioned, within the reach and the place, judged.</summary>
    public IEnumerable<JudgedDevice> Judge(TenantId tenant, Reach reach, SiteId? site, FleetMoment moment)
    {
        var records = book.RecordsOf(tenant);
        foreach (var device in fleet.Devices(tenant))
        {
            if (device.State == DeviceState.Decommissioned || !reach.Covers(device.Site) || (site is { } place && !(device.Site is { } at && place.Contains(at))))
                continue;
            var record = HealthBook.Current(records, device);
            var facts = book.Facts(device, record, moment);
            yield return new JudgedDevice(device, record, facts, HealthJudge.Judge(facts, moment.Policy, moment.Now));
        }
    }

    public FleetReportInfo Make(TenantId tenant, Reach reach, SiteId? site, FleetGrouping by)
    {
        var moment = moments.Of(tenant);
        var all = new BucketCounts();
        var reasons = new int[HealthReasons.All.Count];
        var states = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var behind = new Dictionary<GatewayId, int>();
        var groups = new Dictionary<string, BucketCounts>(StringComparer.Ordinal);
        foreach (var judged in Judge(tenant, reach, site, moment))
        {
            var verdict = judged.Verdict;
            all.Add(verdict.Bucket);
            if (!verdict.Reasons.IsEmpty)
                Count(reasons, verdict.Reasons);
            var state = DeviceLifecycle.Name(judged.Device.State);
            states[state] = states.GetValueOrDefault(state) + 1;
            if (verdict.Bucket == HealthBucket.BehindGateway)
                behind[judged.Device.Gateway!.Value] = behind.GetValueOrDefault(judged.Device.Gateway.Value) + 1;
            if (by == FleetGrouping.None)
                continue;
            var key = KeyOf(judged, site, by);
            if (!groups.TryGetValue(key, out var group))
                groups[key] = group = new BucketCounts();
            group.Add(verdict.Bucket);
        }
        var named = HealthReasons.All.Where(r => reasons[(int)r] > 0).ToDictionary(HealthReasons.NameOf, r => reasons[(int)r]);
        var causes = behind.OrderByDescending(b => b.Value).ThenBy(b => b.Key.Value, StringComparer.Ordinal)
            .Select(b => new FleetCauseInfo("gatewayDown", b.Key.Value, moment.Down[b.Key].Site.Value, moment.Down[b.Key].LastSeen, b.Value));
        return new FleetReportInfo(
            moment.Now, site?.Value, all.Total, all.ToDictionary(), named, states, [.. causes], by == FleetGrouping.None ? null : Groups(groups), FleetSentence.Of(all));
    }

    private static void Count(int[] counts, HealthReasonSet reasons)
    {
        for (var i = 0; i < counts.Length; i++)
            counts[i] += reasons.Contains((HealthReason)i) ? 1 : 0;
    }

    private static List<FleetGroupInfo> Groups(Dictionary<string, BucketCounts> groups) =>
        [.. groups.OrderByDescending(g => g.Value.Total - g.Value.Of(HealthBucket.Healthy)).ThenBy(g => g.Key, StringComparer.Ordinal).Take(MaxGroups)
            .Select(g => new FleetGroupInfo(g.Key, g.Value.Total, g.Value.Of(HealthBucket.Healthy), g.Value.ToDictionary()))];

    internal static string KeyOf(in JudgedDevice judged, SiteId? site, FleetGrouping by) => by switch
    {
        FleetGrouping.Site => PlaceBelow(judged.Device.Site, site),
        FleetGrouping.Sku => judged.Device.Model ?? "",
        FleetGrouping.Firmware => judged.Record?.Reported.Firmware ?? "",
        FleetGrouping.Gateway => judged.Device.Gateway?.Value ?? "",
        _ => "",
    };

    /// <summary>The place one step below the report's, or the report's own for what is in it itself.</summary>
    private static string PlaceBelow(SiteId? at, SiteId? of)
    {
        if (at is not { } place)
            return "";
        var from = of is { } top ? top.Value.Length + 1 : 0;
        if (from >= place.Value.Length)
            return place.Value;
        var end = place.Value.IndexOf('/', from);
        return end < 0 ? place.Value : place.Value[..end];
    }
}

/// <summary>Devices by bucket.</summary>
internal sealed class BucketCounts
{
    private readonly int[] counts = new int[HealthBuckets.All.Count];

    public int Total { get; private set; }

    public int Of(HealthBucket bucket) => counts[(int)bucket];

    public void Add(HealthBucket bucket)
    {
        counts[(int)bucket]++;
        Total++;
    }

    /// <summary>All buckets by name, also those with none, in order of precedence.</summary>
    public Dictionary<string, int> ToDictionary() => HealthBuckets.All.ToDictionary(HealthBuckets.NameOf, Of);
}

/// <summary>The fleet in one sentence: <c>4,982 healthy, 15 low battery, 3 offline</c>.</summary>
internal static class FleetSentence
{
    private static readonly (HealthBucket Bucket, string Words)[] Order =
    [
        (HealthBucket.Healthy, "healthy"), (HealthBucket.LowBattery, "low battery"), (HealthBucket.Offline, "offline"), (HealthBucket.BehindGateway, "behind a gateway that is down"),
        (HealthBucket.Faulty, "faulty"), (HealthBucket.BadData, "with bad data"), (HealthBucket.WeakSignal, "weak signal"), (HealthBucket.Unstable, "unstable"),
        (HealthBucket.Maintenance, "in maintenance"), (HealthBucket.Waiting, "never heard"),
    ];

    public static string Of(BucketCounts counts) => counts.Total == 0 ? "no devices" : string.Join(", ", Order.Where(o => o.Bucket is HealthBucket.Healthy || counts.Of(o.Bucket) > 0)
        .Select(o => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{counts.Of(o.Bucket):N0} {o.Words}")));
}
