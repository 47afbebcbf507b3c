using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Mqtt;

namespace Strata.Node.Operations;

/// <summary><c>GET /api/v1/health</c> and the two probes.</summary>
internal static class ReportHealth
{
    /// <summary>The process answers.</summary>
    public static IResult Live() => TypedResults.Text("live\n");

    /// <summary>The node can do its duty: what it acknowledges is stored.</summary>
    public static IResult Ready(StoreCheck store) => store.CanCommit
        ? TypedResults.Text("ready\n")
        : ProblemResults.Of(Core.ProblemKind.Unavailable, "The store cannot commit; /api/v1/health says why and what to do.");

    public static async Task<IResult> HandleAsync(
        IEnumerable<INodeCheck> checks, NodeDescription node, MqttBroker broker, TimeProvider time, CancellationToken cancellationToken)
    {
        var results = new List<HealthCheck>();
        foreach (var check in checks)
            results.Add(await check.CheckAsync(cancellationToken));
        return TypedResults.Json(
            new HealthInfo(
                HealthStates.Worst([.. results.Select(r => r.Status)]), node.Name, NodeDescription.Version, node.Started, time.GetUtcNow(), results,
                Environment.WorkingSet, DiskCheck.Free(node.DataFolder), broker.ClientCount),
            ContractsJson.Default.HealthInfo);
    }
}
