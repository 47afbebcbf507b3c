using Strata.Cloud.Platform;
using Strata.Core.Devices;

namespace Strata.Cloud.Devices.Rows;

/// <summary>A step of a device's life. The newest of each device are kept, see <see cref="DevicesOptions.TransitionsKept"/>.</summary>
internal sealed record TransitionRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Device { get; init; }

    /// <summary>From 1, without gaps, also when the name is used anew.</summary>
    public required int Number { get; init; }

    public required DeviceState From { get; init; }

    public required DeviceState To { get; init; }

    public required string Cause { get; init; }

    public required string Actor { get; init; }

    public required DateTimeOffset Time { get; init; }

    /// <summary>A JSON document.</summary>
    public string? Evidence { get; init; }

    public DeviceTransition ToTransition() => new(From, To, Cause, Time) { Actor = Actor, Evidence = Evidence };
}
