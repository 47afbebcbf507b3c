using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.DuckDb;

/// <summary>
/// Removing one device's readings, and their bytes. DuckDB only marks rows as deleted and uses freed blocks again later, so the bytes go with the file: the rows that are left are copied into another
/// one beside running commits, which then takes the place of the first.
/// </summary>
public sealed partial class DuckDbTelemetryStore
{
    private const string Busy = "A tenant is being copied out of the store; readings are erased afterwards. Try again later.";

    /// <summary>Held by who takes rows out of the store or copies them: none of these go on beside each other.</summary>
    private readonly SemaphoreSlim moving = new(1, 1);

    private string ScrubFolder => Path.Combine(options.Folder, StoreFolder.Scrub);

    public async ValueTask<long> EraseAsync(TenantId tenant, DeviceId device, CancellationToken cancellationToken)
    {
        await moving.WaitAsync(cancellationToken);
        try
        {
            if (copying)
                throw new TelemetryStoreException(Busy);
            await SettleAsync(cancellationToken);
            await Write(s => s.KeepHeights(), cancellationToken);
            long erased = 0;
            while (await Write(s => s.EraseSlice(tenant, device), cancellationToken) is > 0 and var slice)
                erased += slice;
            if (!await Write(s => s.ForgetDevice(tenant, device), cancellationToken))
                throw new TelemetryStoreException($"Readings of {device} were written while they were erased; the rest is erased by the next call.");
            return erased;
        }
        finally
        {
            moving.Release();
        }
    }

    public async ValueTask ScrubAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await moving.WaitAsync(cancellationToken);
        try
        {
            if (copying)
                throw new TelemetryStoreException(Busy);
            const long spare = 16 << 20;
            var needed = StoreFolder.Bytes(options.Folder) + spare;
            if (StoreFolder.FreeBytes(options.Folder) is var free && free < needed)
                throw new TelemetryStoreException($"Erased readings are in the files still: writing them anew needs {needed >> 20} MiB, and {free >> 20} MiB are free in {options.Folder}. Make room; it is tried again.");
            StoreFolder.DeleteScrub(options.Folder);
            await Task.Run(() => CopyAllAsync(cancellationToken), cancellationToken);
        }
        catch (DuckDbFailure e)
        {
            throw new TelemetryStoreException($"The store could not be written anew without what was erased: {e.Message}", e);
        }
        finally
        {
            moving.Release();
        }
    }

    private async Task CopyAllAsync(CancellationToken cancellationToken)
    {
        using var copy = TenantCopy.Open(options, ScrubFolder);
        copy.CatchUp(null, static _ => { }, cancellationToken);
        var compared = copy.Cursor;
        copy.Compare(null, 0, compared);
        await Write(async open =>
        {
            await open.CheckpointAsync();
            copy.Compare(null, compared, copy.Finish(null));
            copy.Leave();
            await CloseAsync(wanted: false);
            // A log that is left would be that of the file that goes.
            if (StoreFolder.LogBytes(options.Folder) > 0)
                throw new TelemetryStoreException("The log of the telemetry store did not end with its checkpoint; the store is left as it was.");
            StoreFolder.TakeScrubbed(options.Folder);
            session = await DuckDbSession.OpenAsync(options, classes);
            return true;
        }, CancellationToken.None);
    }
}
