using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Ingest;
using Strata.Node.Reads;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Operations;

/// <summary>
/// <c>GET /api/v1/traces/{device}/{metric}</c>: each hop of the newest reading. This node tells its own part and, when a gateway brought the reading or
/// keeps it, asks that gateway for what lies before, which may ask on.
/// </summary>
internal sealed class TraceReading(
    HopLog hops, LatestValues latest, DeviceDirectory directory, GatewayQuestions gateways, IEnumerable<IHopSource> sources, NodeDescription node)
{
    public static async Task<IResult> HandleAsync(string device, string metric, HttpContext context, TraceReading trace, CancellationToken cancellationToken)
    {
        var first = new FirstProblem();
        var id = first.Take(Parameter.Device(device));
        var name = first.Take(Parameter.Metric(metric));
        if (first.Problem is { } problem)
            return ProblemResults.Of(problem);
        var access = context.Access();
        if (Access.Refusal(access.Decide(Permission.ReadingsRead, id), () => Unknown(id)) is { } refusal)
            return ProblemResults.Of(refusal);
        return (await trace.TraceAsync(access.Tenant, id, name, cancellationToken))
            .ToResult(found => TypedResults.Json(found, ContractsJson.Default.TraceInfo));
    }

    public async Task<Outcome<TraceInfo>> TraceAsync(TenantId tenant, DeviceId device, MetricName metric, CancellationToken cancellationToken)
    {
        if (!directory.TryGet(tenant, device, out _))
            return Unknown(device);
        HopRecord? hop = hops.TryGet(tenant, device, metric, out var known) ? known : null;
        var newest = (await latest.OfAsync(tenant, device, cancellationToken)).Where(r => r.Metric == metric).Select(r => (Reading?)r).FirstOrDefault();
        var before = (hop?.Gateway ?? gateways.RouteTo(tenant, device)?.Gateway) is { } gateway
            ? await AskAsync(tenant, gateway, device, metric, cancellationToken)
            : new TraceInfo(device.Value, metric.Value, null, null, true, hop is { } direct ? TraceHops.Source(device, direct) : []);
        var own = hop is { } received ? TraceHops.Node(node, received) : [];
        if (hop is { Gateway: { } via, Stamp: { } stamp } forwarded)
            own.Add(TraceHops.Forwarded(via, stamp.Number, forwarded, before.Hops));
        foreach (var source in sources)
            own.AddRange(await source.HopsAsync(tenant, device, metric, hop, cancellationToken));
        if (newest is null && before.ReadingTime is null && own.Count == 0)
            return new Problem(ProblemKind.NotFound, $"Device '{device}' has not reported '{metric}' yet; /api/v1/latest?device={device} lists what it has.", "metric");
        var mine = newest is { } reading && (before.ReadingTime is null || EventTime.ToDateTimeOffset(reading.Time) >= before.ReadingTime);
        return new TraceInfo(
            device.Value, metric.Value, mine ? EventTime.ToDateTimeOffset(newest!.Value.Time) : before.ReadingTime,
            mine ? ReadingsJson.Value(newest!.Value.Value) : before.Value, before.Complete && (own.Count > 0 || before.Hops.Count > 0),
            [.. before.Hops, .. own.OrderBy(h => h.TimeIn)]);
    }

    private static Problem Unknown(DeviceId device) => new(ProblemKind.NotFound, $"There is no device '{device}' here.", "device");

    private async Task<TraceInfo> AskAsync(TenantId tenant, GatewayId gateway, DeviceId device, MetricName metric, CancellationToken cancellationToken)
    {
        var path = $"/api/v1/traces/{Uri.EscapeDataString(device.Value)}/{Uri.EscapeDataString(metric.Value)}";
        var answer = await gateways.AskAsync(tenant, gateway, path, ContractsJson.Default.TraceInfo, cancellationToken);
        return answer.IsOk ? answer.Value : new TraceInfo(device.Value, metric.Value, null, null, false, []);
    }
}
