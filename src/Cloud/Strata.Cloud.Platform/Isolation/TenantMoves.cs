using Microsoft.Extensions.Logging;
using Strata.Core.Tenancy;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>
/// Takes a tenant out of the shared files into files of its own, registry and telemetry, while it is served. Copy, switch and clear may each be done again from their beginning.
/// </summary>
public sealed partial class TenantMoves(IRegistryDatabase database, RegistryCopy rows, TenantTables tables, RoutedTelemetryStore telemetry, IngestWriter writer, TenantPlacements placements, TimeProvider time, ILogger<TenantMoves> logger)
{
    private static readonly TimeSpan HoldLimit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private long compared;

    /// <summary>Why no tenant can have files of its own here; null where they can.</summary>
    public string? Impossible => database is RegistryFile && telemetry.Moves is not null
        ? null
        : "Here registry and telemetry are in PostgreSQL, where a database of a tenant's own is not to be had yet; 'encrypted' is.";

    private RegistryFile Files => database as RegistryFile ?? throw new NotSupportedException(Impossible);

    private ITenantMoves Moves => telemetry.Moves ?? throw new NotSupportedException(Impossible);

    /// <summary>Copies while the tenant is served.</summary>
    public async Task CopyAsync(TenantId tenant, Action<long> progress, CancellationToken cancellationToken)
    {
        await database.PrepareOwnAsync(tenant, cancellationToken);
        await rows.CopyAsync(tenant, RegistryPlace.Shared, RegistryPlace.Own, finish: false, cancellationToken);
        compared = await Moves.CopyAsync(tenant, Files.OwnFolder(tenant), progress, cancellationToken);
    }

    /// <summary>
    /// Lets the tenant's writes wait, copies and compares the rest, and leads the tenant to the new place. What says so is one row, written before anybody is led there; from then on the new
    /// place is the tenant's, whatever happens.
    /// </summary>
    /// <returns>How long writes waited.</returns>
    public async Task<TimeSpan> SwitchAsync(TenantId tenant, TenantPlacementRow placed, Action<long> progress, CancellationToken cancellationToken)
    {
        // After a restart it is not known how far was compared, and much may have come: then as before.
        compared = await Moves.CopyAsync(tenant, Files.OwnFolder(tenant), progress, cancellationToken);
        await writer.SeparateAsync(tenant, cancellationToken);
        var began = time.GetTimestamp();
        using var writes = await writer.HoldAsync(tenant, cancellationToken);
        using var gate = await database.Gates.HoldAsync(tenant, HoldLimit, cancellationToken);
        await Moves.FinishCopyAsync(tenant, Files.OwnFolder(tenant), compared, cancellationToken);
        await rows.CopyAsync(tenant, RegistryPlace.Shared, RegistryPlace.Own, finish: true, cancellationToken);
        await placements.SaveAsync(placed, CancellationToken.None);
        database.Place(tenant, apart: true);
        await PlaceAsync(tenant, cancellationToken);
        Moves.EndCopy();
        return time.GetElapsedTime(began);
    }

    /// <summary>Clears the place that the tenant has left; returns rows removed.</summary>
    public async Task<long> ClearAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        Moves.EndCopy();
        return await database.ClearSharedAsync(tenant, tables, cancellationToken) + await Moves.RemoveAsync(tenant, cancellationToken);
    }

    /// <summary>A tenant that is gone: its readings are removed, and its own files.</summary>
    public async Task RemoveAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (!database.IsApart(tenant))
        {
            await telemetry.Shared.RemoveAsync(tenant, cancellationToken);
            return;
        }
        await telemetry.CloseAsync(tenant);
        database.Place(tenant, apart: false);
        await database.RemoveOwnAsync(tenant, cancellationToken);
    }

    /// <summary>The tenant's writes wait as long as its new store cannot be opened: nothing may go to the old one any more.</summary>
    private async Task PlaceAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await telemetry.PlaceAsync(tenant, Files.OwnFolder(tenant), cancellationToken);
                return;
            }
            catch (TelemetryStoreException failure)
            {
                LogNotOpened(tenant.Value, failure);
                await Task.Delay(RetryAfter, time, cancellationToken);
            }
        }
    }

    [LoggerMessage(5211, LogLevel.Error, "The store of {Tenant} cannot be opened in its new place; its writes wait, and it is tried again.")]
    private partial void LogNotOpened(string tenant, Exception failure);
}
