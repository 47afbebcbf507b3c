using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;
using Strata.Cloud.Health.Book;
using Strata.Cloud.Health.Report;
using Strata.Cloud.Health.Rows;
using Strata.Cloud.Health.Windows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Health;
using Strata.Core.Maintenance;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Health.Work;

/// <summary>Makes work orders of what is wrong or will be, merges them, puts them into windows, and withdraws what is not needed any more. Orders that somebody has begun are his.</summary>
internal sealed partial class WorkWatch(IFleet fleet, FleetMoments moments, FleetReports reports, HealthStore store, WindowBook windows, HealthOptions options, TimeProvider time, ILogger<WorkWatch> logger) : BackgroundService
{
    /// <summary>One look at a tenant. Called by tests in place of the clock.</summary>
    internal async Task PlanAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var moment = moments.Of(tenant);
        var (needs, judged) = (new List<WorkNeed>(), new Dictionary<string, JudgedDevice>(StringComparer.Ordinal));
        await using (var db = store.Create(tenant))
        {
            var wanted = (await db.WorkOrders.AsNoTracking().Where(o => o.Closed == null).ToListAsync(cancellationToken)).SelectMany(o => WorkText.Open(WorkText.Items(o))).Select(i => i.Device).ToHashSet(StringComparer.Ordinal);
            foreach (var device in reports.Judge(tenant, Reach.Everywhere, null, moment))
            {
                // A score must have held for a while before anybody is sent: it is where the last look found it, and that was a while ago.
                if (device.Record is { } record && record.Side == HealthHysteresis.SideOf(device.Verdict, moment.Policy) && moment.Now - record.SideSince >= moment.Policy.DegradeAfter)
                    needs.AddRange(WorkNeeds.Of(device, record.Forecast(moment.Policy.LowBatteryPercent, moment.Now), options, moment));
                if (wanted.Contains(device.Device.Id.Value))
                    judged[device.Device.Id.Value] = device;
            }
            if (needs.Count == 0 && wanted.Count == 0)
                return;
        }
        var outcome = await store.ChangeAsync(Caller.Node(tenant), (db, now, token) => DecideAsync(db, needs, judged, moment, now, token), cancellationToken);
        if (!outcome.IsOk)
            LogNotPlanned(outcome.Problem.Detail);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.PlanInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                foreach (var tenant in fleet.Tenants)
                    await TryAsync(tenant, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return; // The node stops; the next start plans what is to be planned.
        }
    }

    private async Task<Outcome<DecidedChange<int>>> DecideAsync(
        HealthDbContext db, List<WorkNeed> needs, Dictionary<string, JudgedDevice> judged, FleetMoment moment, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var open = await db.WorkOrders.AsNoTracking().Where(o => o.Closed == null).OrderBy(o => o.Created).ToListAsync(cancellationToken);
        var next = open.ToDictionary(o => o.Id, o => Withdraw(o, judged, needs, moment, now));
        var free = options.MaxOpenOrders - open.Count;
        var rows = new List<(object? Before, object? After)>();
        foreach (var planned in WorkOrderPlanning.Plan(needs, [.. next.Values.Where(o => o.Closed is null).Select(Describe)], options.MergeDepth, options.MaxOrderDevices))
        {
            if (planned.Order is { } id)
                next[id] = Grow(next[id], planned, now);
            else if (free-- > 0)
                rows.Add((null, Make(db.Tenant, planned, now)));
        }
        rows.AddRange(open.Where(o => next[o.Id] != o).Select(o => ((object?)o, (object?)next[o.Id])));
        if (rows.Count == 0)
            return DecidedChange.None(0);
        var after = rows.Select(r => (WorkOrderRow)r.After!).Select(r => new { r.Id, r.Kind, r.State, r.Site, devices = WorkText.Open(WorkText.Items(r)).Count() }).ToList();
        return new DecidedChange<int>(rows.Count, rows, "plan", "work-order", after.Count == 1 ? after[0].Id : $"{after.Count} orders", null, after);
    }

    private OpenOrder Describe(WorkOrderRow row) => new(
        row.Id, WorkText.KindOf(row), row.Site is null ? null : Core.Architecture.SiteId.Parse(row.Site),
        [.. WorkText.Open(WorkText.Items(row)).Select(i => DeviceId.Parse(i.Device))], row.Due, WorkText.StateOf(row) is WorkOrderState.Open or WorkOrderState.Assigned);

    /// <summary>Takes out devices that are well again or gone, of orders that nobody has begun and the node has made.</summary>
    private static WorkOrderRow Withdraw(WorkOrderRow row, Dictionary<string, JudgedDevice> judged, List<WorkNeed> needs, FleetMoment moment, DateTimeOffset now)
    {
        if (WorkText.StateOf(row) == WorkOrderState.Started || row.CreatedBy != Caller.NodeActor)
            return row;
        var kind = WorkText.KindOf(row);
        var needed = needs.Where(n => n.Kind == kind).Select(n => n.Device.Value).ToHashSet(StringComparer.Ordinal);
        var items = WorkText.Items(row);
        var kept = items.Select(i => i.Done is null && i.Withdrawn is null && !needed.Contains(i.Device) && (!judged.TryGetValue(i.Device, out var device) || WorkNeeds.IsOver(device, moment.Policy, now)) ? i with { Withdrawn = now } : i).ToList();
        return kept.SequenceEqual(items) ? row : WorkText.With(row, kept, Caller.NodeActor, now);
    }

    private static WorkOrderRow Grow(WorkOrderRow row, PlannedWork planned, DateTimeOffset now)
    {
        var items = WorkText.Items(row).Concat(planned.Needs.Select(n => new WorkItemInfo(n.Device.Value, n.Detail, null, null, null))).ToList();
        return WorkText.With(row, items, Caller.NodeActor, now) with { Due = planned.Due < row.Due ? planned.Due : row.Due };
    }

    private WorkOrderRow Make(TenantId tenant, PlannedWork planned, DateTimeOffset now) => new()
    {
        TenantId = tenant.Value, Id = Guid.CreateVersion7(now).ToString("N")[^12..], Kind = WorkOrderKinds.NameOf(planned.Kind), State = WorkOrderLifecycle.NameOf(WorkOrderState.Open), Site = planned.Site?.Value,
        Due = planned.Due, Window = windows.NextAt(tenant, planned.Site, now, planned.Due)?.Id, Parts = WorkText.Write(WorkText.PartsFor(planned.Kind, planned.Needs.Count)),
        Items = WorkText.Write(planned.Needs.Select(n => new WorkItemInfo(n.Device.Value, n.Detail, null, null, null))), Created = now, CreatedBy = Caller.NodeActor,
    };

    private async Task TryAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        try
        {
            await PlanAsync(tenant, cancellationToken);
        }
#pragma warning disable CA1031 // What was not planned is planned at the next look.
        catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogFailed(failure);
        }
    }

    [LoggerMessage(5611, LogLevel.Error, "Work could not be planned; it is tried again.")]
    private partial void LogFailed(Exception failure);

    [LoggerMessage(5612, LogLevel.Warning, "Work could not be planned; it is tried again: {Problem}")]
    private partial void LogNotPlanned(string problem);
}
