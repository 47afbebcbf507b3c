using Strata.Cloud.Platform.Fleet;
using Strata.Core.Tenancy;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Cloud.Devices.Downward;

/// <summary>Sees what gateways hand up about commands, once it is in the store.</summary>
internal sealed class GatewayWords : ICommitObserver
{
    /// <summary>On the writer's loop, in commit order; must be quick.</summary>
    public event Action<TenantId, GatewayWord>? Heard;

    public void OnCommitted(IReadOnlyList<TelemetryWrite> writes, CommitReport report)
    {
        if (Heard is not { } heard)
            return;
        foreach (var write in writes)
            foreach (var happened in write.Events)
                if (GatewayWord.Of(happened.Record) is { } word)
                    heard(write.Tenant, word);
    }
}
