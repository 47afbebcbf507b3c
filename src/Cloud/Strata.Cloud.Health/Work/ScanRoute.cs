using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Health.Book;
using Strata.Cloud.Health.Rows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Maintenance;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Health.Work;

/// <summary>
/// <c>POST /api/v1/workorders/scan</c>: somebody stands before a device, has scanned its label and has done what was to be done. Its part of every open order is done; an order of which
/// nothing is left is done. A new battery begins its statistics anew, a repair its errors and restarts.
/// </summary>
internal static class ScanRoute
{
    public static async Task<IResult> HandleAsync(HttpContext context, HealthStore store, IFleet fleet, HealthBook book, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.ScanDevice, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (WorkChecks.Text(request.Value.Note, 2_000, "note") is { } wrong)
            return ProblemResults.Of(wrong);
        var caller = Caller.Of(context);
        var unknown = new Problem(ProblemKind.NotFound, "No device has this label.", "code");
        if (fleet.FindByLabel(caller.Tenant, request.Value.Code) is not { } device)
            return ProblemResults.Of(unknown);
        if (Access.Refusal(context.Access().Decide(Permission.DevicesWrite, device.Site), () => unknown) is { } refusal)
            return ProblemResults.Of(refusal);
        var outcome = await store.ChangeAsync(caller, (db, now, token) => DecideAsync(db, device, caller, request.Value, now, token), cancellationToken, done => Reset(book, device, done));
        return outcome.ToResult(done => Results.Json(done, ContractsJson.Default.ScannedDevice));
    }

    private static async Task<Outcome<DecidedChange<ScannedDevice>>> DecideAsync(
        HealthDbContext db, FleetDevice device, Caller caller, ScanDevice scan, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var rows = new List<(object? Before, object? After)>();
        foreach (var row in await db.WorkOrders.AsNoTracking().Where(o => o.Closed == null).ToListAsync(cancellationToken))
        {
            var items = WorkText.Items(row);
            if (!WorkText.Open(items).Any(i => i.Device == device.Id.Value))
                continue;
            var done = items.Select(i => i.Device == device.Id.Value && i.Done is null && i.Withdrawn is null ? i with { Done = now, DoneBy = caller.Actor } : i).ToList();
            var started = WorkText.StateOf(row) is WorkOrderState.Open or WorkOrderState.Assigned ? row with { State = WorkOrderLifecycle.NameOf(WorkOrderState.Started) } : row;
            rows.Add((row, WorkText.With(WorkText.Answer(started, now) with { Note = scan.Note is null ? row.Note : row.Note is null ? scan.Note : $"{row.Note}\n{scan.Note}" }, done, caller.Actor, now)));
        }
        if (rows.Count == 0)
            return new Problem(ProblemKind.NotFound, $"There is no open work order for {device.Id}.", "code");
        var orders = rows.ConvertAll(r => WorkText.Info((WorkOrderRow)r.After!));
        var reset = new List<string>();
        if (orders.Exists(o => o.Kind == WorkOrderKinds.NameOf(WorkOrderKind.ReplaceBattery)))
            reset.Add("battery");
        if (orders.Exists(o => o.Kind == WorkOrderKinds.NameOf(WorkOrderKind.Repair)))
            reset.Add("errors");
        var result = new ScannedDevice(device.Id.Value, orders, reset);
        return new DecidedChange<ScannedDevice>(result, rows, "scan", "work-order", orders[0].Id, rows.ConvertAll(r => WorkText.Info((WorkOrderRow)r.Before!)), result);
    }

    /// <summary>After the commit, on its turn.</summary>
    private static void Reset(HealthBook book, FleetDevice device, ScannedDevice done)
    {
        if (done.Reset.Count > 0)
            book.Of(device.Tenant, device.Id).Reset(done.Orders.SelectMany(o => o.Items).Max(i => i.Done)!.Value, done.Reset.Contains("battery"), done.Reset.Contains("errors"));
    }
}
