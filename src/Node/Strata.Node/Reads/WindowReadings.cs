using System.Globalization;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Operations;
using Strata.Telemetry;

namespace Strata.Node.Reads;

/// <summary>
/// <c>GET /api/v1/windows/{group}/{start}/readings</c>: the raw readings that a window stands for. They are at the gateway that computed it, which is
/// asked; the gateway itself answers from its store.
/// </summary>
internal static class WindowReadings
{
    public static async Task<IResult> HandleAsync(
        string group, string start, string[]? metric, string? cursor, string? limit, HttpContext context, ITelemetryStore store, IFleetRoutes routes,
        DeviceDirectory directory, GatewayQuestions gateways, NodeDescription node, CancellationToken cancellationToken)
    {
        var first = new FirstProblem();
        first.Take(Parameter.Device(group, "group"));
        var from = first.Take(Parameter.Time("start", start));
        var metrics = first.Take(Parameter.All(metric, 100, "metric", Parameter.Metric));
        var count = first.Take(Parameter.Limit(limit));
        var after = first.Take(ReadingsParameters.ReadAfter(cursor, 'r'));
        if (first.Problem is { } problem)
            return ProblemResults.Of(problem);
        var access = context.Access();
        var tenant = access.Tenant;
        var windows = await access.WindowsAsync(store, new WindowRange(null, group, from!.Value, from.Value + 1, null, 1), cancellationToken);
        if (windows.Count == 0)
            return ProblemResults.Of(ProblemKind.NotFound, $"Group '{group}' has no window that starts at {Iso(from.Value)}; list them with /api/v1/windows?group={group}.", "start");
        var window = windows[0];
        if (window.Gateway.Value.Length > 0 && window.Gateway.Value != node.Name)
        {
            var path = $"/api/v1/windows/{Uri.EscapeDataString(group)}/{from.Value / 1000}/readings{context.Request.QueryString}";
            var answer = await gateways.AskAsync(tenant, window.Gateway, path, ContractsJson.Default.PageReadingInfo, cancellationToken);
            return answer.ToResult(ReadingsAnswer.Of);
        }
        var range = new ReadingRange
        {
            Devices = Members(tenant, window, routes, directory), Metrics = metrics.Length > 0 ? metrics : [.. window.Metrics.Select(m => m.Metric)],
            From = window.Start, To = window.Start + window.Length, After = after, Limit = count,
        };
        return ReadingsAnswer.Of(range.Devices.Count == 0
            ? new Page<ReadingInfo>([], null)
            : ReadingsAnswer.Page(await store.ReadAsync(tenant, range, cancellationToken), count));
    }

    private static DeviceId[] Members(TenantId tenant, WindowRecord window, IFleetRoutes routes, DeviceDirectory directory)
    {
        var sites = routes.SitesOfGroup(tenant, window.Group) ?? [window.Site];
        return [.. directory.All(tenant).Where(e => e.Site is { } at && sites.Any(s => s.Contains(at))).Select(e => e.Device)];
    }

    private static string Iso(long time) => EventTime.ToDateTimeOffset(time).ToString("yyyy-MM-dd'T'HH:mm:ss.FFF'Z'", CultureInfo.InvariantCulture);
}
