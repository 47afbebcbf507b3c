using System.Collections.Concurrent;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Devices.Downward;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Devices.Transfers;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Ingest;

namespace Strata.Cloud.Devices.Decommissioning;

/// <summary>
/// Takes devices out of service step by step: waits while queued work drains, tells the device to wipe itself and waits for its answer, then revokes what it shows, archives, hands over or erases its readings where that
/// is wanted, frees its name and signs what was done. Each step is written before the next, so that it goes on where it was after a restart; every wait has its end.
/// </summary>
internal sealed partial class DecommissionSteps(
    RegistryStore registry, IEnumerable<IDeviceIdentities> identities, DecommissionReadings readings, ReadingsHandover handover, DeviceWay way, GatewayWords responses, ErasureKey key, TelemetryMqttHost host, TimeProvider time,
    ILogger<DecommissionSteps> logger)
    : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<(TenantId Tenant, string Id), DecommissionRow> open = new();
    private readonly ConcurrentDictionary<(TenantId Tenant, string Request), (string Proof, TaskCompletionSource Kept)> answers = new();
    private readonly Dictionary<string, DateTimeOffset> asked = [];
    private Task scrubbing = Task.CompletedTask;

    public bool IsOpen(TenantId tenant, string device) => open.Any(o => o.Key.Tenant == tenant && o.Value.Device == device);

    public void Begun(DecommissionRow row) => open[(TenantId.Parse(row.TenantId), row.Id)] = row;

    /// <summary>The tenant is gone.</summary>
    public void Forget(TenantId tenant)
    {
        foreach (var key in open.Keys.Where(k => k.Tenant == tenant))
            open.TryRemove(key, out _);
    }

    /// <summary>Takes up what was begun and is not done.</summary>
    public async Task LoadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = registry.CreateContext(tenant);
        foreach (var row in await context.Decommissions.Where(d => d.State != DecommissionRow.Done).ToListAsync(cancellationToken))
        {
            Begun(row);
            if (row.State == DecommissionRow.Wiping && await readings.FindResponseAsync(tenant, row, cancellationToken) is { } response)
                Note(tenant, response);
        }
    }

    /// <summary>Takes each device as far as it goes now; one that fails does not keep the others.</summary>
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var ((tenant, _), row) in open.ToArray())
            await TryAsync(row.Device, async () => Became(row, await NextAsync(tenant, row, cancellationToken)));
        if (scrubbing.IsCompleted && open.Values.Any(r => r.State == DecommissionRow.Scrubbing))
            scrubbing = Task.Run(() => ScrubAsync(cancellationToken), CancellationToken.None); // It may take as long as copying the store.
    }

    /// <summary>All of a tenant that wait for it at once: its files are written once for them.</summary>
    private async Task ScrubAsync(CancellationToken cancellationToken)
    {
        foreach (var waiting in open.Where(o => o.Value.State == DecommissionRow.Scrubbing).GroupBy(o => o.Key.Tenant, o => o.Value).ToList())
        {
            await TryAsync(waiting.First().Device, async () =>
            {
                await readings.ScrubAsync(waiting.Key, cancellationToken);
                foreach (var row in waiting)
                    Became(row, await EndErasedAsync(waiting.Key, row, cancellationToken));
            });
        }
    }

    private void Became(DecommissionRow before, DecommissionRow after)
    {
        var key = (TenantId.Parse(after.TenantId), after.Id);
        if (ReferenceEquals(before, after))
            return;
        if (after.State == DecommissionRow.Done)
            open.TryRemove(key, out _);
        else if (open.ContainsKey(key))
            open[key] = after;
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        host.Responded += Note;
        responses.Heard += Note;
        foreach (var tenant in registry.Tenants)
            await LoadAsync(tenant, cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await LookAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // It goes on at the next start.
        }
        await scrubbing;
    }

    private async Task TryAsync(string device, Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (OperationCanceledException)
        {
            // The node stops; it goes on at the next start.
        }
#pragma warning disable CA1031 // A step that failed is tried again at the next look.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            LogFailed(device, failure);
        }
    }

    private async Task<DecommissionRow> NextAsync(TenantId tenant, DecommissionRow row, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        switch (row.State)
        {
            case DecommissionRow.Draining when way.WaitingFor(tenant, DeviceId.Parse(row.Device)) is var waiting && (waiting == 0 || now >= row.Deadline):
                var drained = row with { Undelivered = waiting, Drained = waiting == 0 ? now : null };
                return await WriteAsync(
                    tenant, row, row.WipeWithin > TimeSpan.Zero
                        ? drained with { State = DecommissionRow.Wiping, WipeAsked = now, Deadline = now + row.WipeWithin }
                        : drained with { State = DecommissionRow.Erasing },
                    cancellationToken);
            case DecommissionRow.Wiping when answers.TryGetValue((tenant, row.Id), out var answer):
                return await ProveAsync(tenant, row with { State = DecommissionRow.Erasing, WipeProof = answer.Proof, WipeProved = now }, row, answer.Kept, cancellationToken);
            case DecommissionRow.Wiping when now >= row.Deadline:
                return await WriteAsync(tenant, row, row with { State = DecommissionRow.Erasing }, cancellationToken);
            case DecommissionRow.Wiping:
                await AskAsync(tenant, row, now, cancellationToken);
                return row;
            case DecommissionRow.Erasing:
                return await RevokeAsync(tenant, row, cancellationToken);
            case DecommissionRow.Handing:
                var copied = await handover.CopyAsync(tenant, DeviceId.Parse(row.Device), TenantId.Parse(row.GoesTo!), DeviceId.Parse(row.GoesAs!), cancellationToken);
                return await WriteAsync(tenant, row, row with { State = DecommissionRow.Removing, Copied = copied }, cancellationToken);
            case DecommissionRow.Archiving:
                return await WriteAsync(tenant, row, await readings.ArchiveAsync(tenant, row, cancellationToken), cancellationToken);
            case DecommissionRow.Removing:
                return await WriteAsync(tenant, row, await readings.RemoveAsync(tenant, row, cancellationToken), cancellationToken);
            default:
                return row;
        }
    }

    /// <summary>Tells the device to wipe itself; again while it does not answer, for it may have been away.</summary>
    private async Task AskAsync(TenantId tenant, DecommissionRow row, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (asked.TryGetValue(row.Id, out var last) && now - last < AskEvery)
            return;
        asked[row.Id] = now;
        var problem = await way.SendAsync(
            tenant, row.Id, DeviceId.Parse(row.Device), $"commands/wipe/{row.Id}", Encoding.UTF8.GetBytes(AuditImages.Json(new { cause = row.Cause, deadline = row.Deadline })), row.Deadline, cancellationToken);
        if (problem is not null)
            LogNotAsked(row.Device, problem.Detail);
    }

    /// <summary>The same, as the device's gateway heard it: it is in the store, and is found there after a crash.</summary>
    private void Note(TenantId tenant, GatewayWord response) => _ = response.Kind != FleetEventKinds.DeviceResponse ? null : Note(tenant, response.Device, response.Command, response.Request, Encoding.UTF8.GetBytes(response.Text));

    /// <summary>Takes the device's answer; its task completes when the answer is written, for the device erases its key when it is acknowledged and cannot say it again.</summary>
    private Task? Note(TenantId tenant, DeviceId device, string command, string request, byte[] payload)
    {
        if (command != "wipe" || !open.TryGetValue((tenant, request), out var row) || row.Device != device.Value || row.State != DecommissionRow.Wiping)
            return null;
        var text = Encoding.UTF8.GetString(payload);
        var kept = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return answers.GetOrAdd((tenant, request), (text.Length > DeviceTransition.MaxEvidenceLength ? text[..DeviceTransition.MaxEvidenceLength] : text, kept)).Kept.Task;
    }

    private async Task<DecommissionRow> ProveAsync(TenantId tenant, DecommissionRow proved, DecommissionRow before, TaskCompletionSource kept, CancellationToken cancellationToken)
    {
        var written = await WriteAsync(tenant, before, proved, cancellationToken);
        if (ReferenceEquals(written, before))
            return before; // Not written: tried again at the next look.
        answers.TryRemove((tenant, before.Id), out _);
        kept.TrySetResult();
        return written;
    }

    /// <summary>The certificates, which are another slice's, while the name is still the device's, so that the proof counts them; then secret and state in one change; then what was on its way is counted.</summary>
    private async Task<DecommissionRow> RevokeAsync(TenantId tenant, DecommissionRow row, CancellationToken cancellationToken)
    {
        asked.Remove(row.Id);
        answers.TryRemove((tenant, row.Id), out _);
        await way.RemoveAsync(tenant, row.Id, cancellationToken);
        // With its identity its sessions end, and what is in them. The commands to wipe itself are not what waited before.
        var undelivered = Math.Min(row.Undelivered, way.WaitingFor(tenant, DeviceId.Parse(row.Device)));
        var caller = Caller.Node(tenant);
        var revoked = row.Revoked;
        foreach (var identity in identities)
        {
            var outcome = await identity.RevokeAsync(caller, DeviceId.Parse(row.Device), "decommissioned", cancellationToken);
            if (!outcome.IsOk)
                return row;
            revoked += outcome.Value;
        }
        var gone = await registry.ChangeAsync<DeviceRow>(caller, change =>
        {
            if (!change.Image.Devices.TryGetValue(row.Device, out var device))
                return new Problem(ProblemKind.NotFound, "The device is gone.");
            if (!RegistryImage.IsInService(device))
                return device;
            change.Put(
                device with { State = DeviceState.Decommissioned, StateSince = change.Now, StateCause = row.Cause, SecretHash = null, IsHeld = row.Data != DecommissionRow.Keep }, "decommission",
                new { row.Id, row.Cause, by = row.Actor }, AuditImages.Json(new { decommission = row.Id, by = row.Actor, wiped = row.WipeProved }));
            return change.Image.Devices[row.Device];
        }, cancellationToken);
        if (!gone.IsOk && gone.Problem.Kind is ProblemKind.Unavailable)
            return row;
        var counted = row with { Undelivered = undelivered, Readings = await readings.CountAsync(tenant, row, cancellationToken), Revoked = revoked, Identity = $"secret revoked, {revoked} certificates revoked" };
        return row.Data switch
        {
            DecommissionRow.Archive => await WriteAsync(tenant, row, counted with { State = DecommissionRow.Archiving }, cancellationToken),
            DecommissionRow.Erase when row.GoesTo is not null => await WriteAsync(tenant, row, counted with { State = DecommissionRow.Handing }, cancellationToken),
            DecommissionRow.Erase => await WriteAsync(tenant, row, counted with { State = DecommissionRow.Removing }, cancellationToken),
            _ => await EndAsync(tenant, row, counted, cancellationToken),
        };
    }

    /// <summary>Only what is proved to be gone is signed as gone.</summary>
    private async Task<DecommissionRow> EndErasedAsync(TenantId tenant, DecommissionRow row, CancellationToken cancellationToken) =>
        await readings.IsGoneAsync(tenant, row, cancellationToken)
            ? await EndAsync(tenant, row, row, cancellationToken)
            : await WriteAsync(tenant, row, row with { State = row.GoesTo is null ? DecommissionRow.Removing : DecommissionRow.Handing }, cancellationToken);

    /// <summary>Frees the name and signs, in one change.</summary>
    private async Task<DecommissionRow> EndAsync(TenantId tenant, DecommissionRow before, DecommissionRow row, CancellationToken cancellationToken)
    {
        var outcome = await registry.ChangeAsync<DecommissionRow>(Caller.Node(tenant), change =>
        {
            var device = change.Image.Devices.GetValueOrDefault(row.Device);
            if (device is { IsHeld: true })
                change.Put(device with { IsHeld = false }, "release");
            var done = row with { State = DecommissionRow.Done, Finished = change.Now };
            done = done with { Certificate = ErasureCertificate.Sign(Statement(done, device), key.Key) };
            change.Beside(before, done, done.State, "decommission", done.Device);
            return done;
        }, cancellationToken);
        return outcome.IsOk ? outcome.Value : before;
    }

    private static string Statement(DecommissionRow row, DeviceRow? device) => AuditImages.Json(new
    {
        type = "strata/decommissioning/1", id = row.Id, tenant = row.TenantId, device = row.Device, device?.Serial, device?.Model, row.Cause, row.Actor, started = row.Started, finished = row.Finished,
        wipe = row.WipeAsked is null ? (object)new { asked = false } : new { asked = true, at = row.WipeAsked, proved = row.WipeProved, proof = row.WipeProof },
        queue = new { drained = row.Drained, undelivered = row.Undelivered },
        identity = new { secret = "revoked", certificatesRevoked = row.Revoked },
        readings = row.Data switch
        {
            DecommissionRow.Keep => (object)new { policy = row.Data, count = row.Readings },
            DecommissionRow.Archive => new { policy = row.Data, count = row.Readings, left = 0, archive = new { format = "parquet", bytes = row.ArchiveBytes, sha256 = row.ArchiveDigest } },
            _ => new { policy = row.Data, count = row.Readings, left = 0 },
        },
        transfer = row.GoesTo is null ? null : new { to = row.GoesTo, readingsCopied = row.Copied },
        name = "released",
    });

    private async Task<DecommissionRow> WriteAsync(TenantId tenant, DecommissionRow before, DecommissionRow after, CancellationToken cancellationToken)
    {
        var outcome = await registry.ChangeAsync<DecommissionRow>(Caller.Node(tenant), change =>
        {
            change.Beside(before, after, after.State, "decommission", after.Device);
            return after;
        }, cancellationToken);
        return outcome.IsOk ? outcome.Value : before;
    }

    public override void Dispose()
    {
        host.Responded -= Note;
        responses.Heard -= Note;
        base.Dispose();
    }

    [LoggerMessage(5016, LogLevel.Warning, "{Device} could not be told to wipe itself; it is tried again: {Reason}")]
    private partial void LogNotAsked(string device, string reason);

    [LoggerMessage(5015, LogLevel.Error, "The way of {Device} out of service could not go on; it is tried again.")]
    private partial void LogFailed(string device, Exception failure);
}
