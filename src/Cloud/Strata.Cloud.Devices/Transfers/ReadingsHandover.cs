using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Cloud.Devices.Transfers;

/// <summary>Copies a device's readings to the tenant that it goes to. They are metered to nobody: they were when they came in.</summary>
internal sealed class ReadingsHandover(ITelemetryStore store, LatestValues latest, TimeProvider time)
{
    /// <summary>Readings of one commit.</summary>
    private const int Page = 10_000;

    /// <summary>Copies all of them; done again after a crash it adds nothing, for a reading is its device, metric and time.</summary>
    /// <returns>How many the receiver has.</returns>
    /// <exception cref="TelemetryStoreException">A store cannot answer or commit, or the receiver's does not hold what was copied.</exception>
    public async Task<long> CopyAsync(TenantId from, DeviceId device, TenantId to, DeviceId newId, CancellationToken cancellationToken)
    {
        var range = new ReadingRange { Devices = [device], Limit = Page };
        var copied = 0L;
        while (await store.ReadAsync(from, range, cancellationToken) is { Count: > 0 } page)
        {
            var batch = new ReadingBatch();
            batch.BeginMessage();
            foreach (var reading in page)
                batch.Add(reading with { Device = newId });
            batch.EndMessage(null, default, 0);
            var report = await store.CommitAsync([new TelemetryWrite { Tenant = to, Readings = batch, Arrived = EventTime.From(time.GetUtcNow()) }], cancellationToken);
            if (report.Refused > 0)
                throw new TelemetryStoreException($"The receiver's store takes no more series: {newId} has more metrics than its limits allow.");
            copied += page.Count;
            range = range with { After = (page[^1].Time, page[^1].Device, page[^1].Metric) };
        }
        latest.Forget(to, newId);
        var there = await store.CountAsync(to, newId, cancellationToken);
        return there >= copied ? copied : throw new TelemetryStoreException($"Of {copied} readings of {device} only {there} are at the receiver.");
    }
}
