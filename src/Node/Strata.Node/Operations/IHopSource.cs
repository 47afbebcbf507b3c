using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Ingest;

namespace Strata.Node.Operations;

/// <summary>
/// Adds hops of this process to a trace that the ingest does not know of: on a gateway the windowing and forwarding, on the cloud the window that came in
/// place of the reading.
/// </summary>
public interface IHopSource
{
    /// <summary>The hops, oldest first; empty when there is nothing to add.</summary>
    /// <param name="hop">What the ingest knows of the newest reading here; null when no raw reading came.</param>
    ValueTask<IReadOnlyList<HopInfo>> HopsAsync(TenantId tenant, DeviceId device, MetricName metric, HopRecord? hop, CancellationToken cancellationToken);
}
