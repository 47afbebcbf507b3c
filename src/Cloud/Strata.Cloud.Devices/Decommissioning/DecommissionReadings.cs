using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Telemetry;
using Strata.Telemetry.Archive;
using Strata.Telemetry.Ingest;

namespace Strata.Cloud.Devices.Decommissioning;

/// <summary>What becomes of the readings of a device that is gone: the part of the way that follows its identity. Each step may be done again after a crash.</summary>
internal sealed class DecommissionReadings(ITelemetryStore store, IngestWriter writer, LatestValues latest, DeviceArchives archives)
{
    /// <summary>Waits for what of the tenant is on its way into the store, and counts the device's.</summary>
    public async Task<long> CountAsync(TenantId tenant, DecommissionRow row, CancellationToken cancellationToken)
    {
        await writer.PassAsync(tenant, cancellationToken);
        return await store.CountAsync(tenant, DeviceId.Parse(row.Device), cancellationToken);
    }

    /// <summary>The answer to the command to wipe itself that came through a gateway before this node ended; null when none did.</summary>
    public async Task<GatewayWord?> FindResponseAsync(TenantId tenant, DecommissionRow row, CancellationToken cancellationToken) =>
        (await store.EventsAsync(tenant, new EventRange(DeviceId.Parse(row.Device), null, null, 1_000), cancellationToken)).Select(e => GatewayWord.Of(e.Event)).FirstOrDefault(r => r is { Kind: FleetEventKinds.DeviceResponse } && r.Request == row.Id);

    /// <summary>Writes the archive; the row with what it holds.</summary>
    public async Task<DecommissionRow> ArchiveAsync(TenantId tenant, DecommissionRow row, CancellationToken cancellationToken)
    {
        var made = await ReadingsArchive.WriteAsync(store, tenant, DeviceId.Parse(row.Device), archives.PathOf(tenant, row.Id), cancellationToken);
        return row with { State = DecommissionRow.Removing, Readings = made.Readings, ArchiveBytes = made.Bytes, ArchiveDigest = made.Digest };
    }

    /// <summary>Removes them from the store, once they are in the archive where there is to be one.</summary>
    public async Task<DecommissionRow> RemoveAsync(TenantId tenant, DecommissionRow row, CancellationToken cancellationToken)
    {
        var device = DeviceId.Parse(row.Device);
        if (row.ArchiveDigest is { } digest && await ReadingsArchive.DigestAsync(archives.PathOf(tenant, row.Id), cancellationToken) != digest)
        {
            // Nothing is removed that is not in the archive.
            return await store.CountAsync(tenant, device, cancellationToken) == row.Readings
                ? row with { State = DecommissionRow.Archiving, ArchiveDigest = null }
                : throw new TelemetryStoreException($"The archive of {row.Device} ({row.Id}.parquet, SHA-256 {digest}) is missing or changed, and some of its readings are removed already: put the file back.");
        }
        await store.EraseAsync(tenant, device, cancellationToken);
        latest.Forget(tenant, device);
        return row with { State = DecommissionRow.Scrubbing };
    }

    /// <summary>Writes the tenant's files without what was removed; for all of its devices that wait for it.</summary>
    public Task ScrubAsync(TenantId tenant, CancellationToken cancellationToken) => store.ScrubAsync(tenant, cancellationToken).AsTask();

    /// <summary>Whether nothing is left: a message that was on its way when the device was gone may have come in after the removal.</summary>
    public async Task<bool> IsGoneAsync(TenantId tenant, DecommissionRow row, CancellationToken cancellationToken) =>
        await CountAsync(tenant, row, cancellationToken) == 0 && (await latest.OfAsync(tenant, DeviceId.Parse(row.Device), cancellationToken)).Count == 0;
}
