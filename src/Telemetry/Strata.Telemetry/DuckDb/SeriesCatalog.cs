using System.Collections.Concurrent;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.DuckDb;

/// <summary>
/// Tenants, devices and series by name and number, with each series' highest time. The writer adds and changes, any thread looks up.
/// </summary>
internal sealed class SeriesCatalog(TelemetryStoreOptions options)
{
    private readonly ConcurrentDictionary<TenantId, TenantEntry> tenants = new();
    private SeriesEntry?[] byNumber = new SeriesEntry?[256];
    private int lastTenant;
    private int count;

    /// <summary>Made since the last commit and to be written with it.</summary>
    public List<TenantEntry> NewTenants { get; } = [];

    public List<SeriesEntry> NewSeries { get; } = [];

    /// <summary>All series, in order of their numbers; the writer's alone.</summary>
    public IEnumerable<SeriesEntry> All => byNumber.Take(count).OfType<SeriesEntry>();

    /// <summary>Series, and numbers of those that were removed.</summary>
    public int Count => Volatile.Read(ref count);

    public TenantEntry? Find(TenantId tenant) => tenants.GetValueOrDefault(tenant);

    public SeriesEntry Series(int number) => Volatile.Read(ref byNumber)[number]!;

    public TenantEntry GetOrAdd(TenantId tenant)
    {
        if (tenants.TryGetValue(tenant, out var entry))
            return entry;
        entry = AddTenant(lastTenant + 1, tenant);
        NewTenants.Add(entry);
        return entry;
    }

    public static DeviceEntry GetOrAdd(TenantEntry tenant, DeviceId device)
    {
        if (tenant.Devices.TryGetValue(device, out var entry))
            return entry;
        entry = new DeviceEntry(tenant, device);
        tenant.Devices[device] = entry;
        return entry;
    }

    /// <summary>Null when a limit forbids a further series.</summary>
    public SeriesEntry? GetOrAdd(DeviceEntry device, MetricName metric)
    {
        if (device.Find(metric) is { } series)
            return series;
        if (device.Series.Length >= options.MaxMetricsPerDevice || count >= options.MaxSeries)
            return null;
        series = AddSeries(device, count, metric);
        NewSeries.Add(series);
        return series;
    }

    public TenantEntry AddTenant(int number, TenantId tenant)
    {
        lastTenant = Math.Max(lastTenant, number);
        return tenants[tenant] = new TenantEntry(number, tenant);
    }

    /// <summary>Forgets a tenant with its series; their numbers are not given again while the store is open.</summary>
    public void Remove(TenantEntry tenant)
    {
        tenants.TryRemove(tenant.Id, out _);
        for (var i = 0; i < count; i++)
            if (byNumber[i]?.Device.Tenant == tenant)
                byNumber[i] = null;
    }

    /// <summary>Series are added in order of their numbers, which begin at 0; those of removed tenants are left out.</summary>
    public SeriesEntry AddSeries(DeviceEntry device, int number, MetricName metric)
    {
        if (number < count)
            throw new TelemetryStoreException($"The table of series is damaged: number {number} follows {count - 1}.");
        var series = new SeriesEntry(number, device, metric);
        if (number >= byNumber.Length)
        {
            var larger = new SeriesEntry?[Math.Max(number + 1, byNumber.Length * 2)];
            byNumber.CopyTo(larger, 0);
            Volatile.Write(ref byNumber, larger);
        }
        byNumber[number] = series;
        Volatile.Write(ref count, number + 1);
        device.Series = [.. device.Series, series];
        return series;
    }
}

internal sealed class TenantEntry(int number, TenantId id)
{
    private volatile TenantCounts published = TenantCounts.None;

    public int Number => number;

    public TenantId Id => id;

    public ConcurrentDictionary<DeviceId, DeviceEntry> Devices { get; } = new();

    /// <summary>The commit of which <see cref="Rows"/> speaks; the writer's alone.</summary>
    public long Commit { get; set; }

    /// <summary>Rows of readings that the tenant has in the commit so far.</summary>
    public int Rows { get; set; }

    /// <summary>Readings as far as they are counted, those of the running commit too; the writer's alone.</summary>
    public TenantCounts Counts { get; set; } = TenantCounts.None;

    /// <summary>The counts after the last commit. Any thread.</summary>
    public TenantCounts DurableCounts => published;

    /// <summary>Says that the counts are durable.</summary>
    public void Publish() => published = Counts;
}

/// <param name="Held">Readings that are there.</param>
/// <param name="Ever">Readings ever stored, those that retention dropped too.</param>
/// <param name="Health">Those of health metrics among <paramref name="Ever"/>.</param>
internal sealed record TenantCounts(long Held, long Ever, long Health)
{
    public static readonly TenantCounts None = new(0, 0, 0);
}

internal sealed class DeviceEntry(TenantEntry tenant, DeviceId id)
{
    private volatile SeriesEntry[] series = [];
    private KnownClass known;

    public TenantEntry Tenant => tenant;

    public DeviceId Id => id;

    /// <summary>Replaced, never changed.</summary>
    public SeriesEntry[] Series
    {
        get => series;
        set => series = value;
    }

    /// <summary>The last arrival time given; the writer's alone.</summary>
    public long LastArrival { get; set; } = long.MinValue;

    /// <summary>Where its use is counted; the writer's alone.</summary>
    public ref KnownClass Class => ref known;

    public SeriesEntry? Find(MetricName metric)
    {
        var all = series;
        // Decoders give the same string for the same name: most searches end here.
        foreach (var candidate in all)
            if (ReferenceEquals(candidate.Metric.Value, metric.Value))
                return candidate;
        foreach (var candidate in all)
            if (candidate.Metric == metric)
                return candidate;
        return null;
    }
}

internal sealed class SeriesEntry(int number, DeviceEntry device, MetricName metric)
{
    private long durableHeight = long.MinValue;
    private long durableCount;

    public int Number => number;

    public DeviceEntry Device => device;

    public MetricName Metric => metric;

    /// <summary>The highest time of its rows, those of the running commit too; the writer's alone.</summary>
    public long Height { get; set; } = long.MinValue;

    /// <summary>Whether its readings are reports about the source.</summary>
    public bool IsHealth { get; } = metric.Value.StartsWith("health.", StringComparison.Ordinal);

    /// <summary>How many readings it has, those written late not before they are settled; the writer's alone.</summary>
    public long Count { get; set; }

    /// <summary>The count after the last commit. Any thread.</summary>
    public long DurableCount => Volatile.Read(ref durableCount);

    /// <summary>The height after the last commit. Any thread.</summary>
    public long DurableHeight => Volatile.Read(ref durableHeight);

    /// <summary>Says that height and count are durable.</summary>
    public void Settle()
    {
        Volatile.Write(ref durableHeight, Height);
        Volatile.Write(ref durableCount, Count);
    }
}
