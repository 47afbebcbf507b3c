using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices.Bulk;

/// <summary>
/// Changes of many devices. Each goes on in the background in transactions of <see cref="DevicesOptions.BulkChunk"/> devices, each with one audit record that has the digest of all it did; what it did to which device is kept, so
/// that it can be told and taken back. One that the node's end interrupts says so afterwards; what it had done is done.
/// </summary>
internal sealed partial class BulkOperations(RegistryStore registry, DevicesOptions options, TimeProvider time, ILogger<BulkOperations> logger) : IHostedService, IDisposable
{
    private readonly ConcurrentDictionary<(TenantId, string), (BulkOperationRow Row, Task Run)> running = new();
    private readonly CancellationTokenSource stopping = new();

    /// <summary>What is to be done to one device, within a change.</summary>
    public delegate BulkOutcome Step<in T>(RegistryChange change, T item);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var tenant in registry.Tenants)
        {
            await using var context = registry.CreateContext(tenant);
            foreach (var row in await context.BulkOperations.Where(o => o.State == BulkOperationRow.Running).ToListAsync(cancellationToken))
                await EndAsync(Caller.Node(tenant), row, BulkOperationRow.Interrupted, cancellationToken);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await Task.WhenAll(running.Values.Select(r => r.Run)).WaitAsync(cancellationToken);
    }

    public void Dispose() => stopping.Dispose();

    /// <summary>Begins an operation; null when too many run already.</summary>
    /// <param name="items">What <paramref name="step"/> is made for, one a device.</param>
    public (BulkOperationRow Row, Task Run)? Begin<T>(
        Caller caller, string by, string query, string change, IReadOnlyList<T> items, Func<T, string> deviceOf, Step<T> step, BulkOperationRow? undoOf = null)
    {
        if (running.Count >= options.BulkAtOnce || stopping.IsCancellationRequested)
            return null;
        var now = time.GetUtcNow();
        var row = new BulkOperationRow
        {
            TenantId = caller.Tenant.Value, Id = string.Create(CultureInfo.InvariantCulture, $"b{now.ToUnixTimeMilliseconds():x12}{RandomNumberGenerator.GetHexString(4, lowercase: true)}"),
            Query = query, Change = change, State = BulkOperationRow.Running, Found = items.Count, Actor = caller.Actor, By = by, Started = now, UndoOf = undoOf?.Id,
        };
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var run = RunAsync(begun.Task, caller, row, items, deviceOf, step, undoOf);
        running[(caller.Tenant, row.Id)] = (row, run);
        begun.SetResult();
        return (row, run);
    }

    /// <summary>An operation as it stands; null when there is none.</summary>
    public async Task<BulkOperationRow?> FindAsync(TenantId tenant, string id, CancellationToken cancellationToken)
    {
        if (running.TryGetValue((tenant, id), out var now))
            return now.Row;
        await using var context = registry.CreateContext(tenant);
        return await context.BulkOperations.SingleOrDefaultAsync(o => o.Id == id, cancellationToken);
    }

    /// <summary>The tenant's operations, newest first.</summary>
    public async Task<IReadOnlyList<BulkOperationRow>> ListAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = registry.CreateContext(tenant);
        var kept = await context.BulkOperations.ToListAsync(cancellationToken);
        var live = running.Where(r => r.Key.Item1 == tenant).Select(r => r.Value.Row).ToList();
        return [.. live.Concat(kept.Where(k => !live.Exists(l => l.Id == k.Id))).OrderByDescending(o => o.Id, StringComparer.Ordinal)];
    }

    /// <summary>What an operation did, device by device.</summary>
    /// <param name="refused">Only those that were refused.</param>
    public async Task<IReadOnlyList<BulkItemRow>> ItemsAsync(TenantId tenant, string id, bool refused, int limit, CancellationToken cancellationToken)
    {
        await using var context = registry.CreateContext(tenant);
        return await context.BulkItems.Where(i => i.Operation == id && (i.Refusal != null) == refused).OrderBy(i => i.Device).Take(limit).ToListAsync(cancellationToken);
    }

    private async Task RunAsync<T>(Task begun, Caller caller, BulkOperationRow row, IReadOnlyList<T> items, Func<T, string> deviceOf, Step<T> step, BulkOperationRow? undoOf)
    {
        await begun;
        BulkOperationRow? written = null;
        try
        {
            var chunks = items.Count == 0 ? [[]] : items.Chunk(options.BulkChunk).ToList();
            for (var i = 0; i < chunks.Count; i++)
            {
                var (chunk, last, before) = (chunks[i], i == chunks.Count - 1, written);
                var outcome = await registry.ChangeAsync<BulkOperationRow>(caller, change => Take(change, row, before, chunk, deviceOf, step, last, undoOf), stopping.Token);
                if (!outcome.IsOk)
                {
                    LogInterrupted(row.Id, outcome.Problem.Detail);
                    break;
                }
                row = written = outcome.Value;
                running[(caller.Tenant, row.Id)] = running[(caller.Tenant, row.Id)] with { Row = row };
            }
            if (written is { State: BulkOperationRow.Running })
                await EndAsync(caller, written, BulkOperationRow.Interrupted, CancellationToken.None);
            await PruneAsync(caller.Tenant);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // It is marked as interrupted at the next start.
        }
#pragma warning disable CA1031 // Nobody awaits it but the one who began it, who hears of it by its state.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            LogFailed(failure, row.Id);
        }
        finally
        {
            running.TryRemove((caller.Tenant, row.Id), out _);
        }
    }

    private Outcome<BulkOperationRow> Take<T>(
        RegistryChange change, BulkOperationRow row, BulkOperationRow? written, T[] chunk, Func<T, string> deviceOf, Step<T> step, bool last, BulkOperationRow? undoOf)
    {
        change.BeginBulk(row.UndoOf is null ? "bulk" : "bulk-undo", "devices", row.Id);
        var (changed, unchanged, refused) = (0, 0, 0);
        foreach (var item in chunk)
        {
            var device = deviceOf(item);
            var outcome = step(change, item);
            if (outcome is { Undo: null, Refused: null })
            {
                unchanged++;
                continue;
            }
            if (outcome.Refused is null)
                changed++;
            else
                refused++;
            change.Beside(null, new BulkItemRow
            {
                TenantId = change.TenantId, Operation = row.Id, Device = device, Revision = outcome.Refused is null ? change.Image.Devices[device].Revision : 0,
                Undo = outcome.Undo, Refusal = outcome.Refused?.Detail,
            });
        }
        var after = row with
        {
            Changed = row.Changed + changed, Unchanged = row.Unchanged + unchanged, Refused = row.Refused + refused,
            State = last ? BulkOperationRow.Done : BulkOperationRow.Running, Ended = last ? time.GetUtcNow() : null,
        };
        change.Beside(written, after, "operation", "bulk", row.Id);
        if (last && undoOf is not null)
            change.Beside(undoOf, undoOf with { UndoneBy = row.Id });
        return after;
    }

    private async Task EndAsync(Caller caller, BulkOperationRow row, string state, CancellationToken cancellationToken) =>
        await registry.ChangeAsync<BulkOperationRow>(caller, change =>
        {
            var after = row with { State = state, Ended = time.GetUtcNow() };
            change.Beside(row, after, "interrupt", "bulk", row.Id);
            return after;
        }, cancellationToken);

    private Task PruneAsync(TenantId tenant) => registry.WriteAsync(tenant, async context =>
    {
        var kept = await context.BulkOperations.OrderByDescending(o => o.Id).Select(o => o.Id).Skip(options.BulkKept - 1).FirstOrDefaultAsync(CancellationToken.None);
        if (kept is not null)
            await context.BulkOperations.Where(o => o.State != BulkOperationRow.Running && string.Compare(o.Id, kept) < 0).ExecuteDeleteAsync(CancellationToken.None);
    }, CancellationToken.None);

    [LoggerMessage(5013, LogLevel.Warning, "The change of many devices {Id} was interrupted: {Reason}")]
    private partial void LogInterrupted(string id, string reason);

    [LoggerMessage(5014, LogLevel.Error, "The change of many devices {Id} failed.")]
    private partial void LogFailed(Exception failure, string id);
}
