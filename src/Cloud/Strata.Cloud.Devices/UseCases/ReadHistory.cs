using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.UseCases;

/// <summary><c>GET /api/v1/devices/{id}/history</c>: the steps of a device's life that are kept, and how long it was in each state.</summary>
internal static class ReadHistory
{
    /// <summary>Units before it whose steps are told.</summary>
    private const int MaxUnits = 10;

    public static async Task<IResult> HandleAsync(string id, HttpContext context, RegistryStore registry, TimeProvider time, CancellationToken cancellationToken)
    {
        var tenant = context.Tenant();
        var found = GetDevice.Find(registry.Image(tenant), id, Permission.DevicesRead, context.Access());
        if (!found.IsOk)
            return ProblemResults.Of(found.Problem);
        var row = found.Value;
        await using var rows = registry.CreateContext(tenant);
        var steps = (await rows.Transitions.Where(t => t.Device == id && t.Number <= row.Transitions).OrderBy(t => t.Number).ToListAsync(cancellationToken)).ConvertAll(t => t.ToTransition());
        var spent = DeviceLifecycle.TimeIn(steps, time.GetUtcNow());
        return Results.Json(
            new DeviceHistory(
                id, DeviceLifecycle.Name(row.State), row.StateSince, spent.ToDictionary(s => DeviceLifecycle.Name(s.Key), s => Math.Round(s.Value.TotalSeconds, 3)),
                [.. Enumerable.Reverse(steps).Select(ToStep), .. await BeforeAsync(rows, registry.Image(tenant), row, cancellationToken)], [.. DeviceLifecycle.Next(row.State).Select(DeviceLifecycle.Name)]),
            ContractsJson.Default.DeviceHistory);
    }

    /// <summary>The steps of the units whose place it took, newest first.</summary>
    private static async Task<List<DeviceStep>> BeforeAsync(DevicesDbContext rows, RegistryImage image, DeviceRow row, CancellationToken cancellationToken)
    {
        var steps = new List<DeviceStep>();
        var seen = new HashSet<string>(StringComparer.Ordinal) { row.Id };
        while (seen.Count <= MaxUnits && row.Tags.GetValueOrDefault(SwapDevice.Replaces) is { } id && image.Devices.TryGetValue(id, out var before) && seen.Add(id))
        {
            var theirs = await rows.Transitions.Where(t => t.Device == id).OrderByDescending(t => t.Number).ToListAsync(cancellationToken);
            steps.AddRange(theirs.Select(t => ToStep(t.ToTransition()) with { Device = id }));
            row = before;
        }
        return steps;
    }

    private static DeviceStep ToStep(DeviceTransition step) => new(
        DeviceLifecycle.Name(step.From), DeviceLifecycle.Name(step.To), step.Cause, step.Actor, step.Time,
        step.Evidence is { } evidence ? JsonSerializer.Deserialize<JsonElement>(evidence) : null);
}
