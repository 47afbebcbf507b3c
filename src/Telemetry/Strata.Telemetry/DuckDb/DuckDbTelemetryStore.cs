using Microsoft.Extensions.Logging;
using Strata.Core.Telemetry;

namespace Strata.Telemetry.DuckDb;

/// <summary>
/// The embedded store. One session of the database at a time; whatever fails in it, the session is thrown away and another is opened, here in
/// process. Opening happens with the first use or <see cref="OpenAsync"/>.
/// </summary>
public sealed partial class DuckDbTelemetryStore : ITelemetryStore
{
    private readonly TelemetryStoreOptions options;
    private readonly TimeProvider time;
    private readonly ILogger<DuckDbTelemetryStore> logger;
    private readonly IDeviceClasses classes;
    private readonly SemaphoreSlim writing = new(1, 1);
    private volatile DuckDbSession? session;
    private volatile string fault = "";
    private bool proofNeeded;
    private bool disposed;

    /// <param name="classes">Under which class devices are metered; null for one class.</param>
    public DuckDbTelemetryStore(TelemetryStoreOptions options, TimeProvider time, ILogger<DuckDbTelemetryStore> logger, IDeviceClasses? classes = null) =>
        (this.options, this.time, this.logger, this.classes) = (options, time, logger, classes ?? OneDeviceClass.Instance);

    public StoreHealth Health => new(fault.Length == 0, fault, StoreFolder.Bytes(options.Folder));

    private long Now => EventTime.From(time.GetUtcNow());

    /// <summary>Opens the database: makes or migrates it, and replays its log after a crash.</summary>
    /// <exception cref="TelemetryStoreException">It cannot be opened; the message says why.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            if (session is null)
                StoreFolder.DeleteScrub(options.Folder); // What a writing anew had made when the process ended.
            await Task.Run(async () => await WritableAsync(), cancellationToken);
        }
        finally
        {
            writing.Release();
        }
    }

    public async ValueTask<CommitReport> CommitAsync(IReadOnlyList<TelemetryWrite> writes, CancellationToken cancellationToken)
    {
        foreach (var write in writes)
            Check(write);
        await writing.WaitAsync(cancellationToken);
        try
        {
            return await Commit(writes);
        }
        finally
        {
            writing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await settlement;
        await writing.WaitAsync();
        try
        {
            if (disposed)
                return;
            disposed = true;
            await Task.Run(async () => await CloseAsync(wanted: true));
        }
        finally
        {
            writing.Release();
        }
    }

    private static void Check(TelemetryWrite write)
    {
        if (write.Tenant == default)
            throw new ArgumentException("A write names no tenant.", nameof(write));
        if (write.Usage.Count > 0 && write.UsageStamp is null)
            throw new ArgumentException("A write of usage has no number, by which it would be taken once.", nameof(write));
        if (write.Readings is not { } batch)
            return;
        var devices = batch.Devices;
        var metrics = batch.Metrics;
        for (var row = 0; row < devices.Length; row++)
            if (devices[row].Value.Length == 0 || metrics[row].Value.Length == 0)
                throw new ArgumentException($"Reading {row} of a write names no device or no metric.", nameof(write));
    }

    private async ValueTask<CommitReport> Commit(IReadOnlyList<TelemetryWrite> writes)
    {
        var open = await WritableAsync();
        try
        {
            var report = open.Commit(writes, Now) with { Time = time.GetUtcNow() };
            open.Tidy();
            open.CheckpointIfDue();
            SettleSoon(open);
            if (fault.Length > 0)
                Log.Recovered(logger, report.Commit);
            fault = "";
            return report;
        }
        catch (Exception e)
        {
            Log.CommitFailed(logger, e);
            throw await FailedAsync("The telemetry store could not commit", e);
        }
    }

    /// <summary>The session, opened if need be, and after a failure proved: what the log says is moved into the database, because after a failed flush the
    /// system may show in its cache what the disk does not hold.</summary>
    private async ValueTask<DuckDbSession> WritableAsync()
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        try
        {
            if (session is { Broken: { } reason })
            {
                Log.CheckpointFailed(logger, reason);
                proofNeeded = true;
                await CloseAsync(wanted: false);
            }
            session ??= await DuckDbSession.OpenAsync(options, classes);
            if (proofNeeded)
                await ProveAsync(session);
            return session;
        }
        catch (Exception e) when (e is not TelemetryStoreException)
        {
            Log.OpenFailed(logger, e);
            throw await FailedAsync("The telemetry store cannot be opened", e);
        }
    }

    private async Task ProveAsync(DuckDbSession open)
    {
        const long spare = 4 << 20;
        var needed = StoreFolder.LogBytes(options.Folder) + spare;
        if (StoreFolder.FreeBytes(options.Folder) is var free && free < needed)
            throw new TelemetryStoreException(
                fault = $"No room: {free >> 10} KiB are free where the telemetry store lies ({options.Folder}), {needed >> 10} KiB are needed. Nothing is acknowledged until there is room; then the store goes on by itself.");
        await open.CheckpointAsync();
        proofNeeded = false;
    }

    /// <summary>Throws the session away and opens another, so that reads go on; a session that cannot be opened now is opened by the next commit.</summary>
    private async ValueTask<TelemetryStoreException> FailedAsync(string what, Exception reason)
    {
        fault = $"{what}: {reason.Message} Nothing is acknowledged until a commit succeeds; check the disk of {options.Folder} (room, rights, faults).";
        proofNeeded = true;
        await CloseAsync(wanted: false);
        try
        {
            session = await DuckDbSession.OpenAsync(options, classes);
        }
        catch (Exception e)
        {
            Log.OpenFailed(logger, e);
        }
        return new TelemetryStoreException(fault, reason);
    }

    private async ValueTask CloseAsync(bool wanted)
    {
        var old = session;
        session = null;
        if (old is null)
            return;
        try
        {
            if (wanted && old.Broken is null)
                await old.SettleAsync();
        }
        catch (Exception e)
        {
            // Everything committed is in the log; the next start reads it from there.
            Log.SettleFailed(logger, e);
        }
        await old.DisposeAsync();
    }
}
