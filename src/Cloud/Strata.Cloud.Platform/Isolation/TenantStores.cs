using Strata.Core.Tenancy;
using Strata.Telemetry;
using Strata.Telemetry.Transfer;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>Tenants' own telemetry stores: files in the tenant's folder, or tables in its database.</summary>
/// <param name="inDatabase">Makes one in a tenant's own database; null where stores are files.</param>
public sealed class TenantStores(IRegistryDatabase database, RoutedTelemetryStore telemetry, Func<TenantId, ITransferStore>? inDatabase = null)
{
    /// <summary>A tenant's own store, not open yet.</summary>
    public ITransferStore Create(TenantId tenant) => inDatabase is null ? telemetry.InFolder(((RegistryFile)database).OwnFolder(tenant)) : inDatabase(tenant);

    /// <summary>Takes what there is of readings to the other place, in the way that the two kinds allow.</summary>
    internal async Task<ITelemetryMove> MoveAsync(TenantId tenant, bool apart, string change, CancellationToken cancellationToken)
    {
        if (apart && telemetry.Moves is { } files)
            return new FileMove(files, tenant, ((RegistryFile)database).OwnFolder(tenant));
        if (!apart)
            return new StoreMove(new TenantTransfer(telemetry.StoreOf(tenant), telemetry.Shared, tenant, change), null);
        var target = Create(tenant);
        try
        {
            await target.OpenAsync(cancellationToken);
            return new StoreMove(new TenantTransfer(telemetry.Shared, target, tenant, change), target);
        }
        catch
        {
            await target.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes readings out of a tenant's own database, which nobody uses any more; files go with their folder.</summary>
    internal async Task EmptyAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (inDatabase is null)
            return;
        await using var store = inDatabase(tenant);
        await store.OpenAsync(cancellationToken);
        await store.RemoveAsync(tenant, cancellationToken);
    }

    /// <summary>From table to table between files, with the numbers as they are.</summary>
    private sealed class FileMove(ITenantMoves files, TenantId tenant, string folder) : ITelemetryMove
    {
        private long compared;

        public async Task CatchUpAsync(Action<long> progress, CancellationToken cancellationToken) => compared = await files.CopyAsync(tenant, folder, progress, cancellationToken);

        public Task FinishAsync(CancellationToken cancellationToken) => files.FinishCopyAsync(tenant, folder, compared, cancellationToken);

        public ValueTask DisposeAsync()
        {
            files.EndCopy();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class StoreMove(TenantTransfer transfer, ITransferStore? opened) : ITelemetryMove
    {
        public Task CatchUpAsync(Action<long> progress, CancellationToken cancellationToken) => transfer.CatchUpAsync(progress, cancellationToken);

        public Task FinishAsync(CancellationToken cancellationToken) => transfer.FinishAsync(cancellationToken);

        public async ValueTask DisposeAsync()
        {
            transfer.End();
            if (opened is not null)
                await opened.DisposeAsync();
        }
    }
}

/// <summary>Readings on their way from one place to the other; retention waits until the disposal.</summary>
internal interface ITelemetryMove : IAsyncDisposable
{
    /// <summary>Copies and compares what there is, beside what goes on.</summary>
    Task CatchUpAsync(Action<long> progress, CancellationToken cancellationToken);

    /// <summary>The rest, while nothing of the tenant is written. After it the new place has everything.</summary>
    Task FinishAsync(CancellationToken cancellationToken);
}
