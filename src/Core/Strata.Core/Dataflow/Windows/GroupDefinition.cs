using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Telemetry;

namespace Strata.Core.Dataflow;

/// <summary>What goes up of a metric that a gateway hears.</summary>
public enum UplinkPolicy : byte
{
    /// <summary>Each reading.</summary>
    Raw,

    /// <summary>Its part of the group's window; raw readings stay at the gateway.</summary>
    Window,

    /// <summary>Both.</summary>
    Both,
}

/// <summary>What a group does with one metric.</summary>
/// <param name="Immediate">Each reading goes up at once besides, for example an alarm.</param>
public readonly record struct MetricPolicy(UplinkPolicy Uplink, bool Immediate = false)
{
    internal static readonly MetricPolicy OfHealth = new(UplinkPolicy.Raw);

    public bool InWindows => Uplink != UplinkPolicy.Raw;

    public bool GoesRaw => Uplink != UplinkPolicy.Window;

    /// <summary>
    /// Whether a reading must not wait for a window: it is marked so, or it changes a state (a boolean or a text that is not the previous one).
    /// </summary>
    /// <param name="previous">The metric's value before; null when there was none.</param>
    public bool IsImmediate(ReadingValue? previous, ReadingValue value) =>
        Immediate || (value.Kind != ReadingKind.Number && previous is { } before && before != value);
}

/// <summary>A member of a group.</summary>
/// <param name="Heartbeat">The longest time between two reports of a healthy device. Above 0; twice of it without a value is a gap.</param>
public readonly record struct GroupMember(DeviceId Device, TimeSpan Heartbeat);

/// <summary>Devices whose readings are windowed together, usually those of a floor or a zone.</summary>
public sealed record GroupDefinition
{
    /// <summary>Unique in the tenant.</summary>
    public required string Id { get; init; }

    /// <summary>The place whose topic carries the windows.</summary>
    public required SiteId Site { get; init; }

    public required IReadOnlyList<GroupMember> Members { get; init; }

    /// <summary>Length of a window; windows begin at its multiples since the epoch. 1 second to 1 day; default 5 minutes. Where it is changed, the last window of the length before may be shorter.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Policies of single metrics; default none.</summary>
    public IReadOnlyDictionary<MetricName, MetricPolicy> Metrics { get; init; } = new Dictionary<MetricName, MetricPolicy>();

    /// <summary>The policy of every other metric; default raw.</summary>
    public MetricPolicy Default { get; init; } = new(UplinkPolicy.Raw);

    /// <summary>What is done with a metric; reports of a device's health always go up raw and are in no window.</summary>
    public MetricPolicy PolicyOf(MetricName metric) => metric.IsHealth ? MetricPolicy.OfHealth : Metrics.TryGetValue(metric, out var policy) ? policy : Default;
}
