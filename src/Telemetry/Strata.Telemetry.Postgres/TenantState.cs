using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.Postgres;

/// <summary>What the writer knows of a tenant: names and numbers of its series, numbers seen, where counting goes on. The writer's alone.</summary>
internal sealed class TenantState(TenantId id, ProgressBook progress)
{
    public TenantId Id => id;

    public byte[] Name { get; } = System.Text.Encoding.UTF8.GetBytes(id.Value);

    public Dictionary<DeviceId, DeviceState> Devices { get; } = [];

    public ProgressBook Progress => progress;

    /// <summary>The highest time of all its readings when it was loaded: nothing that is later can be a repeat.</summary>
    public long LoadedHeight { get; set; } = long.MinValue;

    /// <summary>The highest time of all its readings, those of the running commit too.</summary>
    public long Height { get; set; } = long.MinValue;

    public long EventPosition { get; set; }

    public long GapPosition { get; set; }

    public long ProgressUsed { get; set; }

    public int SeriesCount { get; private set; }

    public DeviceState Device(DeviceId device)
    {
        if (!Devices.TryGetValue(device, out var state))
            Devices[device] = state = new DeviceState(device);
        return state;
    }

    /// <param name="number">Null for a new series, which gets the next number.</param>
    public SeriesState Add(DeviceState device, MetricName metric, int? number = null)
    {
        var series = new SeriesState(number ?? SeriesCount, device, metric);
        SeriesCount = Math.Max(SeriesCount, series.Number + 1);
        device.Series.Add(series);
        return series;
    }
}

internal sealed class DeviceState(DeviceId id)
{
    private KnownClass known;

    public DeviceId Id => id;

    /// <summary>Where its use is counted.</summary>
    public ref KnownClass Class => ref known;

    public List<SeriesState> Series { get; } = [];

    /// <summary>The last arrival time given.</summary>
    public long LastArrival { get; set; } = long.MinValue;

    public SeriesState? Find(MetricName metric)
    {
        // Decoders give the same string for the same name: most searches end here.
        foreach (var candidate in Series)
            if (ReferenceEquals(candidate.Metric.Value, metric.Value))
                return candidate;
        foreach (var candidate in Series)
            if (candidate.Metric == metric)
                return candidate;
        return null;
    }
}

internal sealed class SeriesState(int number, DeviceState device, MetricName metric)
{
    public int Number => number;

    public DeviceState Device => device;

    public MetricName Metric => metric;

    public bool IsHealth { get; } = metric.Value.StartsWith("health.", StringComparison.Ordinal);

    /// <summary>The highest time of its rows, those of the running commit too; meaningless until <see cref="IsKnown"/>.</summary>
    public long Height { get; set; } = long.MinValue;

    /// <summary>False from loading until the height matters for the first time.</summary>
    public bool IsKnown { get; set; } = true;
}
