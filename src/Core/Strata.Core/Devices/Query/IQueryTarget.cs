using System.Collections.Immutable;
using Strata.Core.Telemetry;

namespace Strata.Core.Devices.Query;

/// <summary>A device as a <see cref="DeviceQuery"/> looks at it. What is not known is null, and matches no comparison.</summary>
public interface IQueryTarget
{
    string Id { get; }

    string? Site { get; }

    string? Model { get; }

    DeviceState State { get; }

    DateTimeOffset StateSince { get; }

    string Cause { get; }

    string? Serial { get; }

    string? Batch { get; }

    string? PowerProfile { get; }

    /// <summary>The gateway that serves it now.</summary>
    string? Gateway { get; }

    DateTimeOffset? LastSeen { get; }

    bool IsOnline { get; }

    DateTimeOffset Created { get; }

    ImmutableSortedDictionary<string, string> Tags { get; }

    /// <summary>Whether it is a member of the group, by name, place or query.</summary>
    bool IsIn(string group);

    /// <summary>Its newest value of the metric.</summary>
    ReadingValue? Newest(MetricName metric);
}
