using System.Collections.Immutable;
using Strata.Cloud.Devices.Presence;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Core.Devices;
using Strata.Core.Devices.Query;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Telemetry.Ingest;

namespace Strata.Cloud.Devices.Search;

/// <summary>One device after the other as a query looks at it, within one image. Of one thread.</summary>
internal sealed class QueriedDevice(TenantId tenant, RegistryImage image, FleetPresence presence, LatestValues latest, IReadOnlyDictionary<(DeviceId, MetricName), ReadingValue> fetched, DateTimeOffset now)
    : IQueryTarget
{
    private readonly Dictionary<string, DeviceQuery?> queries = new(StringComparer.Ordinal);
    private DeviceRow row = null!;
    private DevicePresence? heard;
    private DeviceId id;
    private bool isKnown;
    private bool inGroup;

    public string Id => row.Id;

    public string? Site => row.Site;

    public string? Model => row.Model;

    public DeviceState State => row.State;

    public DateTimeOffset StateSince => row.StateSince;

    public string Cause => row.StateCause;

    public string? Serial => row.Serial;

    public string? Batch => row.Batch;

    public string? PowerProfile => row.PowerProfile;

    public string? Gateway => Heard?.Gateway?.Value;

    public DateTimeOffset? LastSeen => Heard?.LastSeen;

    public bool IsOnline => Heard?.IsOnline(row.Heartbeat, now) == true;

    public DateTimeOffset Created => row.Created;

    public ImmutableSortedDictionary<string, string> Tags => row.Tags;

    private DevicePresence? Heard
    {
        get
        {
            Know();
            return heard;
        }
    }

    /// <summary>Looks at the next device.</summary>
    public QueriedDevice At(DeviceRow device)
    {
        (row, isKnown) = (device, false);
        return this;
    }

    /// <summary>By name, by place, or by the group's own query; that one names no group with a query.</summary>
    public bool IsIn(string group)
    {
        if (row.Groups.Contains(group))
            return true;
        if (!image.Groups.TryGetValue(group, out var known))
            return false;
        if (!known.Sites.IsEmpty)
            return known.Sites.Any(place => Places.Contains(place, row.Site));
        if (known.Query is null || inGroup || row.State is DeviceState.Decommissioned)
            return false;
        if (!queries.TryGetValue(group, out var query))
            queries[group] = query = DeviceQuery.Parse(known.Query).Value;
        inGroup = true;
        var matches = query?.Matches(this, now) == true;
        inGroup = false;
        return matches;
    }

    public ReadingValue? Newest(MetricName metric)
    {
        Know();
        if (fetched.TryGetValue((id, metric), out var value))
            return value;
        return latest.TryGet(tenant, id, metric, out var reading) ? reading.Value : null;
    }

    private void Know()
    {
        if (isKnown)
            return;
        id = DeviceId.Parse(row.Id);
        heard = presence.Of(tenant, id);
        isKnown = true;
    }
}
