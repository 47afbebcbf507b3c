using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Commands.Running;
using Strata.Cloud.Commands.Sending;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Commands.Bulk;

/// <summary>
/// Makes the commands of runs, as many in a second and at once as each may have. How far it is stands in the transaction that makes them, so that after the node's end it goes on with the next device and none is told twice.
/// </summary>
internal sealed partial class RunPacer(
    CommandStore store, CommandWriter writer, CommandBook book, CommandDesk desk, IFleet fleet, CommandsOptions options, TimeProvider time, ILogger<RunPacer> logger) : BackgroundService
{
    private const int MostAtOnce = 500;
    private const int RefusalsKept = 20;

    private readonly Dictionary<(TenantId Tenant, string Run), (string[] Devices, double Credit, DateTimeOffset At)> pace = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.LookInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await TryAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Runs go on at the next start.
        }
    }

    private async Task TryAsync(CancellationToken cancellationToken)
    {
        foreach (var tenant in book.Tenants.ToList())
        {
            var runs = book.RunsOf(tenant);
            foreach (var over in pace.Keys.Where(k => k.Tenant == tenant && runs.All(r => r.Id != k.Run)).ToList())
                pace.Remove(over);
            try
            {
                foreach (var run in runs)
                    await StepAsync(tenant, run, cancellationToken);
            }
#pragma warning disable CA1031 // It is tried again.
            catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
            {
                LogFailed(failure);
            }
        }
    }

    private async Task StepAsync(TenantId tenant, CommandRunRow run, CancellationToken cancellationToken)
    {
        if (run.Made == run.Found)
        {
            if (book.OpenOfRun(tenant, run.Id) == 0)
                await EndAsync(tenant, run, cancellationToken);
            return;
        }
        var count = await TakeAsync(tenant, run, cancellationToken);
        if (run.Concurrency is { } most)
            count = Math.Min(count, most - book.OpenOfRun(tenant, run.Id));
        // Where the tenant has no room the run waits for it, and leaves a tenth to others.
        count = Math.Min(count, options.MaxOpenOfTenant - (options.MaxOpenOfTenant / 10) - book.CountOf(tenant));
        if (count <= 0)
            return;
        var devices = pace[(tenant, run.Id)].Devices.AsMemory(run.Made, Math.Min(count, run.Found - run.Made));
        await writer.DoAsync<bool>(tenant, async batch =>
        {
            if (await batch.FindRunAsync(run.Id) is not { State: CommandRunRow.Running } now || now.Made != run.Made)
                return false;
            if (Make(batch, now, devices.Span) is var after && after.Made > now.Made)
                batch.Put(now, after);
            return true;
        }, cancellationToken);
    }

    private CommandRunRow Make(CommandBatch batch, CommandRunRow run, ReadOnlySpan<string> devices)
    {
        var command = new NewCommand(run.Name, run.Id, run.Payload, null, run.Expiry, run.AnswerWithin, run.Attempts, options.RetryAfter, run.Priority) { Run = run.Id };
        var caller = new Caller(batch.Tenant, run.Actor);
        var refusals = JsonSerializer.Deserialize<List<BulkRefusal>>(run.Refusals, JsonSerializerOptions.Web) ?? [];
        var (made, refused) = (0, 0);
        foreach (var name in devices)
        {
            if (batch.Open >= options.MaxOpenOfTenant)
                break; // The others get theirs when there is room.
            made++;
            var device = fleet.Find(batch.Tenant, DeviceId.Parse(name));
            var why = device is null ? new Problem(ProblemKind.NotFound, "it is gone") : desk.Refusal(batch.Tenant, device, command) ?? desk.Full(batch, name);
            if (why is not null)
            {
                refused++;
                if (refusals.Count < RefusalsKept)
                    refusals.Add(new BulkRefusal(name, why.Detail));
                continue;
            }
            var row = CommandDesk.Make(batch, caller, name, run.Id, command);
            batch.Put(null, row);
            batch.AddContent(CommandContentRow.PayloadOf(row.Key), run.Payload);
        }
        return run with { Made = run.Made + made, Refused = run.Refused + refused, Refusals = refused == 0 ? run.Refusals : JsonSerializer.Serialize(refusals, JsonSerializerOptions.Web) };
    }

    /// <summary>How many may be made now by its rate; never more than in a second at once, however long nobody looked.</summary>
    private async Task<int> TakeAsync(TenantId tenant, CommandRunRow run, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (!pace.TryGetValue((tenant, run.Id), out var known))
            known = (Encoding.UTF8.GetString(await store.ContentAsync(tenant, CommandContentRow.DevicesOf(run.Id), cancellationToken) ?? []).Split('\n'), options.LookInterval.TotalSeconds * run.Rate, now);
        var passed = Math.Clamp((now - known.At).TotalSeconds, 0, 1);
        var credit = Math.Min(known.Credit + (passed * run.Rate), Math.Max(1, run.Rate));
        var count = Math.Min((int)credit, MostAtOnce);
        pace[(tenant, run.Id)] = known with { Credit = credit - count, At = now };
        return count;
    }

    private async Task EndAsync(TenantId tenant, CommandRunRow run, CancellationToken cancellationToken)
    {
        await writer.DoAsync<bool>(tenant, async batch =>
        {
            if (await batch.FindRunAsync(run.Id) is { State: CommandRunRow.Running } now)
                batch.Put(now, now with { State = CommandRunRow.Done, Ended = batch.Now });
            return true;
        }, cancellationToken);
        await store.TrimRunsAsync(tenant, options.MaxRuns, cancellationToken);
    }

    [LoggerMessage(5706, LogLevel.Error, "Commands of a run could not be made; it is tried again.")]
    private partial void LogFailed(Exception failure);
}
