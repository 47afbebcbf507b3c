using System.Collections.Immutable;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;
using Strata.Core.Devices;

namespace Strata.Cloud.Devices.Rows;

/// <summary>A device. What changes with every message (last heard, current gateway) is in <see cref="PresenceRow"/>.</summary>
internal sealed record DeviceRow : IAuditedRow
{
    public static readonly TimeSpan DefaultHeartbeat = TimeSpan.FromMinutes(5);

    public required string TenantId { get; init; }

    public required string Id { get; init; }

    /// <summary>Where it is; null while it is nowhere.</summary>
    public string? Site { get; init; }

    public string? Model { get; init; }

    /// <summary>Longest silence of a healthy device.</summary>
    public TimeSpan Heartbeat { get; init; } = DefaultHeartbeat;

    /// <summary>Threshold per metric, in the metric's unit.</summary>
    public ImmutableSortedDictionary<string, double> Deadband { get; init; } = Values.NoDeadband;

    /// <summary>Gateways that may serve it beside those of its site, first choice first.</summary>
    public ImmutableArray<string> Gateways { get; init; } = [];

    public required DeviceState State { get; init; }

    public required DateTimeOffset StateSince { get; init; }

    public required string StateCause { get; init; }

    /// <summary>What people wrote on it, see <see cref="DeviceTags"/>.</summary>
    public ImmutableSortedDictionary<string, string> Tags { get; init; } = Values.NoPolicies;

    /// <summary>Groups that it was put into by name, beside those it is in by its place or a query.</summary>
    public ImmutableArray<string> Groups { get; init; } = [];

    /// <summary>The maker's number of this unit.</summary>
    public string? Serial { get; init; }

    /// <summary>The batch that it was made in.</summary>
    public string? Batch { get; init; }

    /// <summary>How it lives on its power: the name of a profile.</summary>
    public string? PowerProfile { get; init; }

    /// <summary>SHA-256 of its secret; null for one that has none (it shows a certificate).</summary>
    [Protected]
    public byte[]? SecretHash { get; init; }

    /// <summary>Changes with every change of this row; what <c>ETag</c> shows.</summary>
    public long Revision { get; init; }

    /// <summary>Number of its last transition, see <see cref="TransitionRow"/>.</summary>
    public int Transitions { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>It is decommissioned, and its readings are being archived or erased under its name: nobody gets the name before that is done.</summary>
    public bool IsHeld { get; init; }
}
