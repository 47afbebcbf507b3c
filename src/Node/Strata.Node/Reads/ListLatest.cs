using System.ComponentModel;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Reads;

/// <summary>The query of <c>GET /api/v1/latest</c>.</summary>
internal sealed record LatestParameters
{
    private const int MaxDevices = 100;

    [FromQuery(Name = "device"), Description("A device id; repeat it for several.")]
    public string[]? Device { get; init; }

    [FromQuery(Name = "site"), Description("The path of a place; devices in it and in all below.")]
    public string? Site { get; init; }

    [FromQuery(Name = "at"), Description("here: what this node has, without asking gateways.")]
    public string? At { get; init; }

    [FromQuery(Name = "cursor"), Description("The next of the page before.")]
    public string? Cursor { get; init; }

    [FromQuery(Name = "limit"), Description("Devices per page: 1,000 unless given, 10,000 at most.")]
    public string? Limit { get; init; }

    /// <summary>The devices of the page, in order of their ids, and where the page ends.</summary>
    public Outcome<(DeviceId[] Devices, string? Next, bool Here)> Check(Access access, DeviceDirectory directory)
    {
        var tenant = access.Tenant;
        var first = new FirstProblem();
        var named = first.Take(Parameter.All(Device, MaxDevices, "device", d => Parameter.Device(d)));
        var site = first.Take(Parameter.Site(Site));
        var limit = first.Take(Parameter.Limit(Limit));
        var after = Cursor is null ? "" : first.Take(PageCursor.Read(Cursor, 'l', 1))?[0] ?? "";
        first.When(At is not (null or "here" or "gateway"), "at", $"'at' is '{At}'; it takes here or gateway.");
        if (first.Problem is { } problem)
            return problem;
        var devices = (named.Length > 0 ? named.Distinct() : directory.All(tenant).Where(e => site is null || Within(e, site.Value)).Select(e => e.Device))
            .Where(d => access.Sees(Permission.ReadingsRead, d) && string.CompareOrdinal(d.Value, after) > 0 && (named.Length == 0 || site is null || IsIn(tenant, d, site.Value, directory)))
            .OrderBy(d => d.Value, StringComparer.Ordinal).Take(limit + 1).ToArray();
        return devices.Length > limit
            ? (devices[..limit], PageCursor.Write('l', devices[limit - 1].Value), At == "here")
            : (devices, null, At == "here");
    }

    private static bool Within(DeviceEntry entry, Core.Architecture.SiteId site) => entry.Site is { } at && site.Contains(at);

    private static bool IsIn(TenantId tenant, DeviceId device, Core.Architecture.SiteId site, DeviceDirectory directory) =>
        directory.TryGet(tenant, device, out var entry) && Within(entry, site);
}

/// <summary>
/// <c>GET /api/v1/latest</c>: the newest value of each metric, from memory; values that stay at a gateway (policy <c>window</c>) are asked from it. A
/// gateway that does not answer leaves what this node has itself.
/// </summary>
internal static class ListLatest
{
    public static async Task<IResult> HandleAsync(
        [AsParameters] LatestParameters parameters, HttpContext context, DeviceDirectory directory, LatestValues latest, GatewayQuestions gateways,
        TimeProvider time, CancellationToken cancellationToken)
    {
        var access = context.Access();
        var tenant = access.Tenant;
        var check = parameters.Check(access, directory);
        if (!check.IsOk)
            return ProblemResults.Of(check.Problem!);
        var (devices, next, here) = check.Value;
        var asking = here ? Task.FromResult<IReadOnlyList<LatestInfo>>([]) : gateways.LatestAsync(tenant, devices, cancellationToken);
        var held = devices.Where(d => latest.Holds(tenant, d)).ToHashSet();
        var readings = await latest.OfAsync(tenant, devices, cancellationToken);
        var now = EventTime.From(time.GetUtcNow());
        LatestInfo[] items = [.. readings.Select(r => Info(r, now, held.Contains(r.Device) ? "memory" : "store"))];
        var newest = Newest(items, await asking);
        if (access.Principal.Share is not null)
            newest = [.. newest.Where(i => access.Principal.Sees(MetricName.Parse(i.Metric)))];
        return TypedResults.Json(new Page<LatestInfo>(newest, next), ContractsJson.Default.PageLatestInfo);
    }

    /// <summary>One item per device and metric: the newer of what both have, the node's own when they are equally new.</summary>
    internal static IReadOnlyList<LatestInfo> Newest(IReadOnlyList<LatestInfo> own, IReadOnlyList<LatestInfo> asked)
    {
        if (asked.Count == 0)
            return own;
        return [.. own.Concat(asked).GroupBy(i => (i.Device, i.Metric)).Select(g => g.MaxBy(i => i.Time)!)
            .OrderBy(i => i.Device, StringComparer.Ordinal).ThenBy(i => i.Metric, StringComparer.Ordinal)];
    }

    private static LatestInfo Info(in Reading reading, long now, string via) => new(
        reading.Device.Value, reading.Metric.Value, EventTime.ToDateTimeOffset(reading.Time), ReadingsJson.Value(reading.Value),
        (now - reading.Time) / 1000.0, via);
}
