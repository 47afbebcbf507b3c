using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>
/// Takes a tenant out of the shared database into its own, registry and telemetry, and back, while it is served. Copy, switch and clear may each be done again from their beginning.
/// </summary>
public sealed partial class TenantMoves(
    IRegistryDatabase database, RegistryCopy rows, TenantTables tables, RoutedTelemetryStore telemetry, IngestWriter writer, TenantPlacements placements, TenantStores stores, TimeProvider time, ILogger<TenantMoves> logger)
{
    private static readonly TimeSpan HoldLimit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private ITelemetryMove? telemetryMove;

    /// <summary>Why the tenant cannot have a database of its own here just now; null where it can.</summary>
    public Task<Problem?> CannotPlaceAsync(TenantId tenant, CancellationToken cancellationToken) => database.CannotPlaceAsync(tenant, cancellationToken);

    /// <summary>Copies while the tenant is served.</summary>
    /// <param name="apart">Into its own database; else back into the shared one.</param>
    /// <param name="change">Names the change among others of the tenant.</param>
    public async Task CopyAsync(TenantId tenant, bool apart, string change, Action<long> progress, CancellationToken cancellationToken)
    {
        if (apart)
            await database.PrepareOwnAsync(tenant, cancellationToken);
        await rows.CopyAsync(tenant, From(apart), To(apart), finish: false, cancellationToken);
        await EndAsync();
        telemetryMove = await stores.MoveAsync(tenant, apart, change, cancellationToken);
        await telemetryMove.CatchUpAsync(progress, cancellationToken);
    }

    /// <summary>
    /// Lets the tenant's writes wait, copies and compares the rest, and leads the tenant to the new place. What says so is one row, written before anybody is led there; from then on the new
    /// place is the tenant's, whatever happens.
    /// </summary>
    /// <returns>How long writes waited.</returns>
    public async Task<TimeSpan> SwitchAsync(TenantId tenant, TenantPlacementRow placed, Action<long> progress, CancellationToken cancellationToken)
    {
        // After a restart it is not known how far was compared, and much may have come: then as before.
        await CopyAsync(tenant, placed.IsApart, placed.Change, progress, cancellationToken);
        await writer.SeparateAsync(tenant, cancellationToken);
        var began = time.GetTimestamp();
        using (await writer.HoldAsync(tenant, cancellationToken))
        {
            using var gate = await database.Gates.HoldAsync(tenant, HoldLimit, cancellationToken);
            await telemetryMove!.FinishAsync(cancellationToken);
            await rows.CopyAsync(tenant, From(placed.IsApart), To(placed.IsApart), finish: true, cancellationToken);
            await placements.SaveAsync(placed, CancellationToken.None);
            database.Place(tenant, placed.IsApart);
            await EndAsync();
            if (placed.IsApart)
                await PlaceAsync(tenant, cancellationToken);
            else
                await CloseAsync(tenant);
        }
        if (!placed.IsApart)
            await writer.JoinAsync(tenant, CancellationToken.None);
        return time.GetElapsedTime(began);
    }

    /// <summary>Clears the place that the tenant has left.</summary>
    public async Task ClearAsync(TenantId tenant, bool apart, CancellationToken cancellationToken)
    {
        await EndAsync();
        if (apart)
        {
            await database.ClearSharedAsync(tenant, tables, cancellationToken);
            await telemetry.Shared.RemoveAsync(tenant, cancellationToken);
            return;
        }
        await stores.EmptyAsync(tenant, cancellationToken);
        await database.RemoveOwnAsync(tenant, tables, cancellationToken);
    }

    /// <summary>A tenant that is gone: its readings are removed, and its own files or what is in its own database.</summary>
    public async Task RemoveAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (!database.IsApart(tenant))
        {
            await telemetry.Shared.RemoveAsync(tenant, cancellationToken);
            return;
        }
        await CloseAsync(tenant);
        database.Place(tenant, apart: false);
        await stores.EmptyAsync(tenant, cancellationToken);
        await database.RemoveOwnAsync(tenant, tables, cancellationToken);
    }

    private static RegistryPlace From(bool apart) => apart ? RegistryPlace.Shared : RegistryPlace.Own;

    private static RegistryPlace To(bool apart) => apart ? RegistryPlace.Own : RegistryPlace.Shared;

    private async Task EndAsync()
    {
        if (telemetryMove is { } ended)
            await ended.DisposeAsync();
        telemetryMove = null;
    }

    /// <summary>Everybody is led away before it is closed, so that a fault in closing costs nothing.</summary>
    private async Task CloseAsync(TenantId tenant)
    {
        try
        {
            await telemetry.CloseAsync(tenant);
        }
        catch (TelemetryStoreException failure)
        {
            LogNotClosed(tenant.Value, failure);
        }
    }

    /// <summary>The tenant's writes wait as long as its new store cannot be opened: nothing may go to the old one any more.</summary>
    private async Task PlaceAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await telemetry.PlaceAsync(tenant, () => stores.Create(tenant), cancellationToken);
                return;
            }
            catch (TelemetryStoreException failure)
            {
                LogNotOpened(tenant.Value, failure);
                await Task.Delay(RetryAfter, time, cancellationToken);
            }
        }
    }

    [LoggerMessage(5212, LogLevel.Warning, "The store that {Tenant} has left could not be closed well.")]
    private partial void LogNotClosed(string tenant, Exception failure);

    [LoggerMessage(5211, LogLevel.Error, "The store of {Tenant} cannot be opened in its new place; its writes wait, and it is tried again.")]
    private partial void LogNotOpened(string tenant, Exception failure);
}
