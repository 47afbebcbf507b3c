using System.Text;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Node.Auth;
using Strata.Telemetry;

namespace Strata.Node.Reads;

/// <summary><c>GET /api/v1/readings</c>: raw readings or aggregates in (time, device, metric) order, as JSON or CSV, page by page.</summary>
internal static class ListReadings
{
    public static async Task<IResult> HandleAsync(
        [AsParameters] ReadingsParameters parameters, HttpContext context, ITelemetryStore store, GatewayQuestions gateways,
        CancellationToken cancellationToken)
    {
        var check = parameters.Check();
        if (!check.IsOk)
            return ProblemResults.Of(check.Problem!);
        var request = check.Value;
        var access = context.Access();
        var tenant = access.Tenant;
        var range = access.Narrow(request.Range);
        var route = request.AtGateway && range is not null && access.Principal.Share is null ? gateways.RouteTo(tenant, range.Devices[0]) : null;
        var csv = ReadingsAnswer.WantsCsv(parameters.Format, context.Request);
        if (request.Every is { } every)
        {
            var buckets = route is null
                ? ReadingsAnswer.Page(range is null ? [] : await store.AggregateAsync(tenant, range, every, request.Functions, cancellationToken), request.Range.Limit)
                : await gateways.AskAsync(tenant, route.Gateway, PathAtGateway(context.Request), ContractsJson.Default.PageAggregateInfo, cancellationToken);
            return buckets.ToResult(page => csv
                ? ReadingsAnswer.Csv(ReadingsCsv.Write(page.Items, request.Functions, request.TimesInMs), page.Next, context)
                : ReadingsAnswer.Of(page));
        }
        var readings = route is null
            ? ReadingsAnswer.Page(range is null ? [] : await store.ReadAsync(tenant, range, cancellationToken), request.Range.Limit)
            : await gateways.AskAsync(tenant, route.Gateway, PathAtGateway(context.Request), ContractsJson.Default.PageReadingInfo, cancellationToken);
        return readings.ToResult(page => csv
            ? ReadingsAnswer.Csv(ReadingsCsv.Write(page.Items, request.TimesInMs), page.Next, context)
            : ReadingsAnswer.Of(page));
    }

    /// <summary>The same question for the gateway; always as JSON, since a link carries no headers.</summary>
    private static string PathAtGateway(HttpRequest request)
    {
        var path = new StringBuilder("/api/v1/readings?format=json");
        foreach (var (name, values) in request.Query)
        {
            if (name is "format" or "times")
                continue;
            foreach (var value in values)
                path.Append('&').Append(name).Append('=').Append(Uri.EscapeDataString(value ?? ""));
        }
        return path.ToString();
    }
}

/// <summary><c>GET /api/v1/readings/count</c>.</summary>
internal static class CountReadings
{
    public static async Task<IResult> HandleAsync(string? device, HttpContext context, ITelemetryStore store, CancellationToken cancellationToken)
    {
        var first = new FirstProblem();
        DeviceId? of = device is null ? null : first.Take(Parameter.Device(device));
        return first.Problem is { } problem
            ? ProblemResults.Of(problem)
            : TypedResults.Json(new ReadingCount(await context.Access().CountAsync(store, of, cancellationToken)), ContractsJson.Default.ReadingCount);
    }
}
