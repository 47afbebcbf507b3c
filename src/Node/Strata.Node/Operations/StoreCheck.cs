using Strata.Cloud.Contracts;
using Strata.Telemetry;

namespace Strata.Node.Operations;

/// <summary>Whether the telemetry store can commit. While it cannot, nothing is acknowledged.</summary>
internal sealed class StoreCheck(ITelemetryStore store) : INodeCheck
{
    public ValueTask<HealthCheck> CheckAsync(CancellationToken cancellationToken)
    {
        var health = store.Health;
        return ValueTask.FromResult(health.CanCommit
            ? new HealthCheck("store", HealthStates.Ok, $"{health.Bytes / 1_048_576.0:0.#} MB")
            : new HealthCheck("store", HealthStates.Failing, health.Detail.Length > 0 ? health.Detail : "The store cannot commit; nothing is acknowledged until it can."));
    }
}
