using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Postgres;

namespace Strata.Telemetry.Postgres;

/// <summary>Removing one device's readings, by a function of the owner's: the node itself may not take rows out of leaves.</summary>
public sealed partial class PostgresTelemetryStore
{
    public async ValueTask<long> EraseAsync(TenantId tenant, DeviceId device, CancellationToken cancellationToken)
    {
        if (holdsRetention)
            throw new TelemetryStoreException("A tenant is being copied out of the store; readings are erased afterwards. Try again later.");
        long erased = 0, day;
        do
        {
            day = await WriteAsync(open => open.EraseAsync(tenant, device, cancellationToken), $"The readings of {device} could not be erased", cancellationToken);
            erased += Math.Max(day, 0);
        }
        while (day >= 0);
        return erased;
    }

    /// <summary>Nothing is left to do: the days that were erased from were written anew.</summary>
    public ValueTask ScrubAsync(TenantId tenant, CancellationToken cancellationToken) => ValueTask.CompletedTask;
}

internal sealed partial class WriterSession
{
    /// <summary>Removes a day of a device's readings, and when none are left its names; -1 then.</summary>
    public async Task<long> EraseAsync(TenantId tenant, DeviceId device, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.RunAsync(TenantBinding.Statement(tenant), cancellationToken);
        var removed = (await connection.ListAsync("SELECT strata_erase_device($1)", r => r.GetInt64(0), cancellationToken, device.Value))[0];
        await transaction.CommitAsync(cancellationToken);
        tenants.Remove(tenant);
        pending.Remove(tenant);
        return removed;
    }
}
