using System.Collections.Concurrent;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Mqtt;
using Strata.Node.Ingest;
using Strata.Telemetry;

namespace Strata.Cloud.Devices.Decommissioning;

/// <summary>
/// Takes devices out of service step by step: waits while queued work drains, tells the device to wipe itself and waits for its answer, then revokes what it shows, frees its name and signs what was done. Each
/// step is written before the next, so that it goes on where it was after a restart; every wait has its end.
/// </summary>
internal sealed partial class DecommissionSteps(
    RegistryStore registry, IEnumerable<IDeviceIdentities> identities, ITelemetryStore store, ErasureKey key, Lazy<MqttBroker> broker, TelemetryMqttHost host, TimeProvider time, ILogger<DecommissionSteps> logger)
    : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<(TenantId Tenant, string Id), DecommissionRow> open = new();
    private readonly ConcurrentDictionary<(TenantId Tenant, string Request), (string Proof, TaskCompletionSource Kept)> answers = new();
    private readonly Dictionary<string, DateTimeOffset> asked = [];

    public bool IsOpen(TenantId tenant, string device) => open.Any(o => o.Key.Tenant == tenant && o.Value.Device == device);

    public void Begun(DecommissionRow row) => open[(TenantId.Parse(row.TenantId), row.Id)] = row;

    /// <summary>Takes each device as far as it goes now. Also called by tests in place of the clock.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var (key, row) in open.ToArray())
        {
            var next = await NextAsync(key.Tenant, row, cancellationToken);
            if (ReferenceEquals(next, row))
                continue;
            if (next.State == DecommissionRow.Done)
                open.TryRemove(key, out _);
            else
                open[key] = next;
        }
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        host.Responded += Note;
        foreach (var tenant in registry.Tenants)
        {
            await using var context = registry.CreateContext(tenant);
            foreach (var row in await context.Decommissions.Where(d => d.State != DecommissionRow.Done).ToListAsync(cancellationToken))
                Begun(row);
        }
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await TryLookAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // It goes on at the next start.
        }
    }

    private async Task TryLookAsync(CancellationToken stoppingToken)
    {
        try
        {
            await LookAsync(stoppingToken);
        }
#pragma warning disable CA1031 // A step that failed is tried again at the next look.
        catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogFailed(failure);
        }
    }

    private async Task<DecommissionRow> NextAsync(TenantId tenant, DecommissionRow row, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        switch (row.State)
        {
            case DecommissionRow.Draining when now >= row.Deadline:
                return await WriteAsync(
                    tenant, row, row.WipeWithin > TimeSpan.Zero
                        ? row with { State = DecommissionRow.Wiping, WipeAsked = now, Deadline = now + row.WipeWithin }
                        : row with { State = DecommissionRow.Erasing },
                    cancellationToken);
            case DecommissionRow.Wiping when answers.TryGetValue((tenant, row.Id), out var answer):
                return await ProveAsync(tenant, row with { State = DecommissionRow.Erasing, WipeProof = answer.Proof, WipeProved = now }, row, answer.Kept, cancellationToken);
            case DecommissionRow.Wiping when now >= row.Deadline:
                return await WriteAsync(tenant, row, row with { State = DecommissionRow.Erasing }, cancellationToken);
            case DecommissionRow.Wiping:
                Ask(tenant, row, now);
                return row;
            case DecommissionRow.Erasing:
                return await EndAsync(tenant, row, cancellationToken);
            default:
                return row;
        }
    }

    /// <summary>Tells the device to wipe itself; again while it does not answer, for it may have been away.</summary>
    private void Ask(TenantId tenant, DecommissionRow row, DateTimeOffset now)
    {
        if (asked.TryGetValue(row.Id, out var last) && now - last < AskEvery)
            return;
        asked[row.Id] = now;
        broker.Value.Publish(tenant.Value, Encoding.UTF8.GetBytes($"devices/{row.Device}/commands/wipe/{row.Id}"), Encoding.UTF8.GetBytes(AuditImages.Json(new { cause = row.Cause, deadline = row.Deadline })), qos: 1);
    }

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

    /// <summary>The certificates, which are another slice's, while the name is still the device's, so that the proof counts them; then secret and state in one change; then the proof.</summary>
    private async Task<DecommissionRow> EndAsync(TenantId tenant, DecommissionRow row, CancellationToken cancellationToken)
    {
        asked.Remove(row.Id);
        answers.TryRemove((tenant, row.Id), out _);
        var caller = Caller.Node(tenant);
        var revoked = 0;
        foreach (var identity in identities)
        {
            var outcome = await identity.RevokeAsync(caller, DeviceId.Parse(row.Device), "decommissioned", cancellationToken);
            if (!outcome.IsOk)
                return row;
            revoked += outcome.Value;
        }
        var gone = await registry.ChangeAsync<DeviceRow>(caller, change =>
        {
            if (!change.Image.Devices.TryGetValue(row.Device, out var device) || !RegistryImage.IsInService(device))
                return device ?? (Outcome<DeviceRow>)new Problem(ProblemKind.NotFound, "The device is gone.");
            change.Put(
                device with { State = DeviceState.Decommissioned, StateSince = change.Now, StateCause = row.Cause, SecretHash = null }, "decommission", new { row.Id, row.Cause, by = row.Actor },
                AuditImages.Json(new { decommission = row.Id, by = row.Actor, wiped = row.WipeProved }));
            return change.Image.Devices[row.Device];
        }, cancellationToken);
        if (!gone.IsOk && gone.Problem.Kind is ProblemKind.Unavailable)
            return row;
        var readings = await store.CountAsync(tenant, DeviceId.Parse(row.Device), cancellationToken);
        var done = row with { State = DecommissionRow.Done, Finished = time.GetUtcNow(), Readings = readings, Identity = $"secret revoked, {revoked} certificates revoked" };
        return await WriteAsync(tenant, row, done with { Certificate = ErasureCertificate.Sign(Statement(done, gone.Value, revoked), key.Key) }, cancellationToken);
    }

    private static string Statement(DecommissionRow row, DeviceRow? device, int revoked) => AuditImages.Json(new
    {
        type = "strata/decommissioning/1", id = row.Id, tenant = row.TenantId, device = row.Device, device?.Serial, device?.Model, row.Cause, row.Actor, started = row.Started, finished = row.Finished,
        wipe = row.WipeAsked is null ? (object)new { asked = false } : new { asked = true, at = row.WipeAsked, proved = row.WipeProved, proof = row.WipeProof },
        identity = new { secret = "revoked", certificatesRevoked = revoked },
        readings = new { policy = row.Data, count = row.Readings },
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
        base.Dispose();
    }

    [LoggerMessage(5015, LogLevel.Error, "A device's way out of service could not go on; it is tried again.")]
    private partial void LogFailed(Exception failure);
}
