using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;
using Strata.Cloud.Health.Book;
using Strata.Cloud.Health.Report;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Devices;
using Strata.Core.Health;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Telemetry.Ingest;

namespace Strata.Cloud.Health;

/// <summary>
/// Looks at the fleet again and again: takes in what was heard since, reckons what is usual, moves devices between active and degraded, writes what is known, and once an hour
/// the trend. Nothing of it is on the path of a reading.
/// </summary>
internal sealed partial class HealthWatch(
    IFleet fleet, HealthBook book, FleetMoments moments, FleetReports reports, HealthStore store, LatestValues latest, HealthOptions options, TimeProvider time, ILogger<HealthWatch> logger) : BackgroundService
{
    /// <summary>Devices whose newest values are fetched with one query, when they are not in memory.</summary>
    private const int FetchedAtOnce = 1_000;

    private static readonly TimeSpan CohortsEvery = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<TenantId, DateTimeOffset> reckoned = new();
    private readonly ConcurrentDictionary<TenantId, int> trendHour = new();

    /// <summary>One look at a tenant's fleet. Called by tests in place of the clock.</summary>
    internal async Task LookAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await TakeInAsync(tenant, cancellationToken);
        if (time.GetUtcNow() - reckoned.GetValueOrDefault(tenant) >= CohortsEvery)
            Reckon(tenant);
        await MoveAsync(tenant, cancellationToken);
        await KeepAsync(tenant, all: false, cancellationToken);
        await KeepTrendAsync(tenant, cancellationToken);
    }

    /// <summary>Takes in the newest values of devices that were heard since the last look.</summary>
    internal async Task TakeInAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var policy = book.PolicyOf(tenant);
        foreach (var fresh in book.RecordsOf(tenant).Where(r => r.Value.IsFresh).Chunk(FetchedAtOnce))
        {
            foreach (var (_, record) in fresh)
                record.IsFresh = false;
            // Devices that are not held are asked for with one query; then each is at hand.
            var ids = Array.ConvertAll(fresh, f => f.Key);
            if (!Array.TrueForAll(ids, id => latest.Holds(tenant, id)))
                await latest.OfAsync(tenant, ids, cancellationToken);
            foreach (var (device, record) in fresh)
            {
                var readings = await latest.OfAsync(tenant, device, cancellationToken);
                record.Take(readings as Reading[] ?? [.. readings], policy);
            }
        }
    }

    /// <summary>What is usual among devices of one model.</summary>
    internal void Reckon(TenantId tenant)
    {
        var now = time.GetUtcNow();
        reckoned[tenant] = now;
        var records = book.RecordsOf(tenant);
        var byModel = new Dictionary<string, (List<double> Errors, List<double> Reboots)>(StringComparer.Ordinal);
        foreach (var device in fleet.Devices(tenant).Where(d => d.State != DeviceState.Decommissioned))
        {
            if (HealthBook.Current(records, device) is not { } record)
                continue;
            if (!byModel.TryGetValue(device.Model ?? "", out var cohort))
                byModel[device.Model ?? ""] = cohort = ([], []);
            lock (record.Gate)
            {
                cohort.Errors.Add(record.Errors(now));
                cohort.Reboots.Add(record.Reboots(now));
            }
        }
        moments.SetCohorts(tenant, new CohortTable(byModel.ToDictionary(m => m.Key, m => CohortBaseline.Of(m.Value.Errors)), byModel.ToDictionary(m => m.Key, m => CohortBaseline.Of(m.Value.Reboots))));
    }

    /// <summary>Moves devices whose score has held on the other side.</summary>
    internal async Task MoveAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var moment = moments.Of(tenant);
        var moves = new List<DeviceMove>();
        foreach (var judged in reports.Judge(tenant, Reach.Everywhere, null, moment))
        {
            var record = judged.Record;
            var side = HealthHysteresis.SideOf(judged.Verdict, moment.Policy);
            if (record is null && side != HealthSide.Below)
                continue;
            record ??= book.Of(tenant, judged.Device.Id);
            record.Stand(side, moment.Now);
            if (judged.Device.State is not (DeviceState.Active or DeviceState.Degraded))
                continue;
            if (moves.Count < options.MaxMoved && HealthHysteresis.Decide(judged.Device.State, side, record.SideSince, record.DegradedByHealth, moment.Policy, moment.Now) is { } to)
                moves.Add(Move(judged, to, moment));
        }
        if (moves.Count == 0)
            return;
        var outcome = await fleet.MoveAsync(Caller.Node(tenant), moves, cancellationToken);
        if (!outcome.IsOk)
        {
            LogNotMoved(outcome.Problem.Detail);
            return;
        }
        foreach (var moved in outcome.Value.Where(m => m.Transition is not null))
        {
            if (book.Find(tenant, moved.Move.Device) is { } record)
                (record.DegradedByHealth, record.IsDirty) = (moved.Move.To == DeviceState.Degraded, true);
        }
    }

    /// <summary>Writes what is known of devices of which something changed.</summary>
    /// <param name="all">Also what was written a moment ago.</param>
    internal async Task KeepAsync(TenantId tenant, bool all, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var due = book.RecordsOf(tenant).Where(r => r.Value.IsDirty && (all || now - r.Value.Kept >= options.KeepInterval) && fleet.Find(tenant, r.Key) is not null);
        foreach (var batch in (all ? due : due.Take(options.MaxKept)).Chunk(options.MaxKept))
        {
            foreach (var (_, record) in batch)
                record.Kept = now;
            try
            {
                await store.KeepAsync(tenant, [.. batch.Select(r => (r.Key, r.Value.Keep()))], now, cancellationToken);
            }
            catch
            {
                foreach (var (_, record) in batch)
                    record.IsDirty = true;
                throw;
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.LookInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                foreach (var tenant in fleet.Tenants)
                    await TryAsync(() => LookAsync(tenant, stoppingToken));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            foreach (var tenant in fleet.Tenants)
                await TryAsync(() => KeepAsync(tenant, all: true, CancellationToken.None));
        }
    }

    private async Task KeepTrendAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var hour = FleetTrend.HourOf(now);
        if (trendHour.GetValueOrDefault(tenant) == hour)
            return;
        var report = reports.Make(tenant, Reach.Everywhere, null, FleetGrouping.None);
        if (report.Total == 0)
            return;
        await store.KeepTrendAsync(tenant, FleetTrend.Row(tenant, now, report), FleetTrend.HourOf(now - options.KeepTrend), cancellationToken);
        trendHour[tenant] = hour;
    }

    private static DeviceMove Move(in JudgedDevice judged, DeviceState to, FleetMoment moment)
    {
        var reasons = DeviceHealths.Reasons(judged.Facts, judged.Verdict.Reasons, moment);
        var cause = to == DeviceState.Degraded ? $"health {judged.Verdict.Score}: {reasons[0].Detail}" : $"health {judged.Verdict.Score} again";
        var evidence = new DeviceHealthInfo(judged.Verdict.Score, reasons, HealthBuckets.NameOf(judged.Verdict.Bucket));
        return new DeviceMove(judged.Device.Id, to, cause) { From = judged.Device.State, Evidence = JsonSerializer.Serialize(evidence, ContractsJson.Default.DeviceHealthInfo) };
    }

    private async Task TryAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
#pragma warning disable CA1031 // What was not done is done at the next look.
        catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogNotLooked(failure);
        }
    }

    [LoggerMessage(5601, LogLevel.Error, "The fleet's health could not be looked at or written; it is tried again.")]
    private partial void LogNotLooked(Exception failure);

    [LoggerMessage(5602, LogLevel.Warning, "Devices could not be moved by their health; it is tried again: {Problem}")]
    private partial void LogNotMoved(string problem);
}
