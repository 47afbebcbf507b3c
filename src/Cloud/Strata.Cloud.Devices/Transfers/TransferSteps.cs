using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Decommissioning;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Devices.UseCases;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Metering;

namespace Strata.Cloud.Devices.Transfers;

/// <summary>
/// Brings devices that are given to another tenant on their way. What was decided is in the giver's row; each step (the receiver is told, the device is registered there, the giver takes it out of service) is written
/// before the next and may be done again, so that it goes on where it was after a restart.
/// </summary>
internal sealed partial class TransferSteps(
    RegistryStore registry, DecommissionSteps decommissions, DeviceDirectory directory, TenantDirectory tenants, Meter meter, TimeProvider time, ILogger<TransferSteps> logger)
    : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(TenantId Giver, string Id), TransferRow> open = new();
    private readonly SemaphoreSlim turn = new(1, 1);

    public int OpenOf(TenantId giver) => open.Keys.Count(k => k.Giver == giver);

    public bool IsOpen(TenantId giver, string device) => open.Any(o => o.Key.Giver == giver && o.Value.Device == device);

    /// <summary>The tenant is gone.</summary>
    public void Forget(TenantId tenant)
    {
        foreach (var key in open.Keys.Where(k => k.Giver == tenant))
            open.TryRemove(key, out _);
    }

    /// <summary>Takes up what was begun and is not done.</summary>
    public async Task LoadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = registry.CreateContext(tenant);
        foreach (var row in await context.Transfers.Where(t => t.IsGiven && t.Finished == null).ToListAsync(cancellationToken))
            open[(tenant, row.Id)] = row;
    }

    /// <summary>Writes what was decided at the giver, and takes it as far as it goes now.</summary>
    /// <param name="decide">Given the row of now; null for a new one.</param>
    /// <param name="checkReceiver">What the receiver's registration is checked against when this accepts; null for the node itself, which goes on with what was checked before.</param>
    public async Task<Outcome<TransferRow>> DecideAsync(
        TenantId giver, Caller caller, string id, Func<RegistryChange, TransferRow?, Outcome<TransferRow>> decide, Access? checkReceiver, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            var before = open.GetValueOrDefault((giver, id));
            var decided = await registry.ChangeAsync<TransferRow>(caller, change =>
            {
                var after = decide(change, before);
                if (after.IsOk)
                    change.Beside(before, after.Value, after.Value.State, "transfer", after.Value.Device, new { after.Value.Id, to = after.Value.Other, after.Value.Readings });
                return after;
            }, cancellationToken);
            if (!decided.IsOk)
                return decided.Problem;
            open[(giver, id)] = decided.Value;
            return await AdvanceAsync(giver, decided.Value, checkReceiver, cancellationToken);
        }
        finally
        {
            turn.Release();
        }
    }

    public static string NewId(DateTimeOffset now) =>
        string.Create(CultureInfo.InvariantCulture, $"t{now.ToUnixTimeMilliseconds():x12}{RandomNumberGenerator.GetHexString(8, lowercase: true)}");

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
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
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var (key, _) in open.ToArray())
        {
            await turn.WaitAsync(cancellationToken);
            try
            {
                if (open.TryGetValue(key, out var row))
                    await AdvanceAsync(key.Giver, row, null, cancellationToken);
            }
#pragma warning disable CA1031 // A step that failed is tried again at the next look.
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                LogFailed(key.Id, failure);
            }
            finally
            {
                turn.Release();
            }
        }
    }

    /// <summary>As far as it goes now. A problem is the receiver's registration that is refused: the offer stands again.</summary>
    private async Task<Outcome<TransferRow>> AdvanceAsync(TenantId giver, TransferRow row, Access? checkReceiver, CancellationToken cancellationToken)
    {
        if (row.State == TransferRow.Offered && time.GetUtcNow() >= row.Expires)
            row = await WriteAsync(giver, row, row with { State = TransferRow.Expired }, cancellationToken);
        if (row.State == TransferRow.Accepted)
        {
            if (await RegisterAsync(row, checkReceiver, cancellationToken) is { } refused)
            {
                if (refused.Kind == ProblemKind.Unavailable)
                    return row; // Tried again at the next look.
                await WriteAsync(giver, row, row with { State = TransferRow.Offered, NewId = null, Site = null }, cancellationToken);
                return refused;
            }
            row = await LeaveAsync(giver, row, cancellationToken);
        }
        if (row.State == TransferRow.Moving && await DecommissionAsync(giver, row, cancellationToken) is { State: DecommissionRow.Done } gone)
            row = await WriteAsync(giver, row, row with { State = TransferRow.Done, Copied = gone.Copied }, cancellationToken);
        if (await TellAsync(row, cancellationToken) && !row.IsOpen)
        {
            // Only what the receiver knows too is finished.
            row = await WriteAsync(giver, row, row with { Finished = time.GetUtcNow() }, cancellationToken);
            if (row.Finished is not null)
                open.TryRemove((giver, row.Id), out _);
        }
        return row;
    }

    /// <summary>The receiver's row says what the giver's does; true when it does, or when there is no such tenant to be told.</summary>
    private async Task<bool> TellAsync(TransferRow row, CancellationToken cancellationToken)
    {
        var to = TenantId.Parse(row.Other);
        if (!tenants.Exists(to))
            return true;
        var told = await FindAsync(to, row.Id, cancellationToken);
        var wanted = row with
        {
            TenantId = to.Value, Other = row.TenantId, IsGiven = false, Decommission = null, Actor = told?.Actor ?? Caller.NodeActor, Finished = told?.Finished ?? (row.IsOpen ? null : time.GetUtcNow()),
        };
        if (told == wanted)
            return true;
        var outcome = await registry.ChangeAsync<TransferRow>(Caller.Node(to), change =>
        {
            change.Beside(told, wanted, wanted.State, "transfer", wanted.Device, new { wanted.Id, from = wanted.Other, wanted.Readings });
            return wanted;
        }, cancellationToken);
        return outcome.IsOk;
    }

    /// <summary>Registers the device at the receiver, without an identity; once, for the receiver's row says so in the same transaction.</summary>
    private async Task<Problem?> RegisterAsync(TransferRow row, Access? access, CancellationToken cancellationToken)
    {
        var (giver, to) = (TenantId.Parse(row.TenantId), TenantId.Parse(row.Other));
        var told = await FindAsync(to, row.Id, cancellationToken);
        if (told is null or { State: TransferRow.Moving })
            return told is null ? new Problem(ProblemKind.Unavailable, "The receiver has not been told yet.") : null;
        if (!registry.Image(giver).Devices.TryGetValue(row.Device, out var device))
            return new Problem(ProblemKind.Conflict, $"The device '{row.Device}' is not there any more.", "id");
        var request = new CreateDevice(row.NewId!, row.Site, device.Model, device.Heartbeat, device.Deadband) { Tags = device.Tags, Serial = device.Serial, Batch = device.Batch, PowerProfile = device.PowerProfile };
        var outcome = await registry.ChangeAsync<RegisteredDevice>(access is null ? Caller.Node(to) : new Caller(to, row.Actor), change =>
        {
            var made = RegisterDevice.Decide(change, request, NewIdentity.None, $"given by {giver}", directory.Capacity, access);
            if (!made.IsOk)
                return made.Problem;
            if (DeviceQuota.Check(change, meter.Of(to).Quotas.Devices) is { } over)
                return over;
            var known = told with { State = TransferRow.Moving, NewId = row.NewId, Site = row.Site, Actor = row.Actor };
            change.Beside(told, known, TransferRow.Accepted, "transfer", row.Device, new { row.Id, from = giver.Value, @as = row.NewId });
            return made;
        }, cancellationToken);
        return outcome.IsOk ? null : outcome.Problem;
    }

    /// <summary>The giver takes it out of service, and hands its readings over where they go along.</summary>
    private async Task<TransferRow> LeaveAsync(TenantId giver, TransferRow row, CancellationToken cancellationToken)
    {
        var outcome = await registry.ChangeAsync<(TransferRow Transfer, DecommissionRow Decommission)>(Caller.Node(giver), change =>
        {
            var way = new DecommissionRow
            {
                TenantId = giver.Value, Id = DecommissionRow.NewId(change.Now), Device = row.Device, State = DecommissionRow.Draining, Cause = $"given to {row.Other}", Actor = row.Actor, Started = change.Now,
                Deadline = change.Now, WipeWithin = TimeSpan.Zero, Data = row.Readings == TransferRow.Go ? DecommissionRow.Erase : DecommissionRow.Keep, GoesTo = row.Other, GoesAs = row.NewId,
            };
            change.Beside(null, way, "begin", "decommission", row.Device);
            var leaving = row with { State = TransferRow.Moving, Decommission = way.Id };
            change.Beside(row, leaving, leaving.State, "transfer", row.Device);
            return (leaving, way);
        }, cancellationToken);
        if (!outcome.IsOk)
            return row;
        open[(giver, row.Id)] = outcome.Value.Transfer;
        decommissions.Begun(outcome.Value.Decommission);
        return outcome.Value.Transfer;
    }

    private async Task<TransferRow> WriteAsync(TenantId giver, TransferRow before, TransferRow after, CancellationToken cancellationToken)
    {
        var outcome = await registry.ChangeAsync<TransferRow>(Caller.Node(giver), change =>
        {
            change.Beside(before, after, after.State == before.State ? "finish" : after.State, "transfer", after.Device);
            return after;
        }, cancellationToken);
        return outcome.IsOk ? open[(giver, after.Id)] = after : before;
    }

    private async Task<TransferRow?> FindAsync(TenantId tenant, string id, CancellationToken cancellationToken)
    {
        await using var rows = registry.CreateContext(tenant);
        return await rows.Transfers.FirstOrDefaultAsync(t => t.Id == id, cancellationToken);
    }

    private async Task<DecommissionRow?> DecommissionAsync(TenantId giver, TransferRow row, CancellationToken cancellationToken)
    {
        await using var rows = registry.CreateContext(giver);
        return await rows.Decommissions.FirstOrDefaultAsync(d => d.Id == row.Decommission, cancellationToken);
    }

    [LoggerMessage(5018, LogLevel.Error, "The transfer {Transfer} could not go on; it is tried again.")]
    private partial void LogFailed(string transfer, Exception failure);
}
