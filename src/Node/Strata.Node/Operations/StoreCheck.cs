using Strata.Cloud.Contracts;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Operations;

/// <summary>Whether the telemetry store can commit. While it cannot, nothing is acknowledged.</summary>
internal sealed class StoreCheck(ITelemetryStore store, IngestWriter writer) : INodeCheck
{
    /// <summary>Tenants that are named in one answer.</summary>
    private const int Named = 5;

    /// <summary>True when a commit to the shared store would succeed as far as is known.</summary>
    public bool CanCommit => writer.CanCommit && store.Health.CanCommit;

    public ValueTask<HealthCheck> CheckAsync(CancellationToken cancellationToken)
    {
        var health = store.Health;
        if (CanCommit && writer.SlowCommit is { } age)
        {
            return ValueTask.FromResult(new HealthCheck(
                "store", HealthStates.Degraded, $"The store is slow: a commit has been running for {age.TotalSeconds:0.0} s. Nothing of it is acknowledged yet and senders wait; look at the store's disk or server."));
        }
        // One tenant's own store does not stop the others: the node serves, and says whose does not.
        if (CanCommit && Apart() is { Length: > 0 } apart)
            return ValueTask.FromResult(new HealthCheck("store", HealthStates.Degraded, $"{apart} The other tenants are served."));
        if (CanCommit)
            return ValueTask.FromResult(new HealthCheck("store", HealthStates.Ok, $"{health.Bytes / 1_048_576.0:0.#} MB"));
        var why = health.Detail.Length > 0 ? health.Detail : writer.Fault;
        return ValueTask.FromResult(new HealthCheck(
            "store", HealthStates.Failing, $"The store cannot commit, so nothing is acknowledged; it tries again by itself. {why}".TrimEnd()));
    }

    private string Apart()
    {
        var faults = writer.SeparateFaults.Concat((store as RoutedTelemetryStore)?.Faults ?? []).DistinctBy(f => f.Tenant).OrderBy(f => f.Tenant.Value, StringComparer.Ordinal).ToList();
        return string.Join(' ', faults.Take(Named).Select(f => $"The own store of tenant {f.Tenant} cannot commit, so nothing of that tenant is acknowledged; it tries again by itself: {f.Fault}"))
            + (faults.Count > Named ? $" And those of {faults.Count - Named} more." : "");
    }
}

/// <summary>Whether the store keeps up with what comes in.</summary>
internal sealed class QueueCheck(IngestWriter writer) : INodeCheck
{
    public ValueTask<HealthCheck> CheckAsync(CancellationToken cancellationToken) => ValueTask.FromResult(Judge(writer.QueueFilled));

    internal static HealthCheck Judge(double filled) => filled < 0.75
        ? new HealthCheck("queue", HealthStates.Ok, $"{filled:P0} full")
        : new HealthCheck("queue", HealthStates.Degraded, $"{filled:P0} full: more comes in than the disk takes, so clients are slowed down; use a faster disk or fewer readings.");
}
