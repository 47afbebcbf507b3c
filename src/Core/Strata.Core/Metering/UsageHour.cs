using Strata.Core.Tenancy;

namespace Strata.Core.Metering;

/// <summary>What one class of a tenant's devices used within one hour: the unit of quotas' forecasts, of service levels and of statements.</summary>
/// <param name="Tenant">Whose usage it is.</param>
/// <param name="Hour">Start of the hour, UTC; a whole hour.</param>
/// <param name="DeviceClass">The devices' model; empty for devices without one and for what no device did (API calls).</param>
public sealed record UsageHour(TenantId Tenant, DateTimeOffset Hour, string DeviceClass)
{
    /// <summary>Messages taken in: MQTT publishes, HTTP ingest requests' messages, entries of gateways.</summary>
    public long MessagesIn { get; init; }

    /// <summary>Payload bytes of <see cref="MessagesIn"/>.</summary>
    public long BytesIn { get; init; }

    /// <summary>Messages handed to subscribers.</summary>
    public long MessagesOut { get; init; }

    /// <summary>Payload bytes of <see cref="MessagesOut"/>.</summary>
    public long BytesOut { get; init; }

    /// <summary>Distinct readings stored; counted in the transaction that stores them.</summary>
    public long ReadingsStored { get; init; }

    /// <summary>Payload bytes of what was stored; counted in the transaction that stores it.</summary>
    public long BytesStored { get; init; }

    /// <summary>Requests to the API that were let in.</summary>
    public long ApiCalls { get; init; }

    /// <summary>Most devices of the class at one time within the hour.</summary>
    public long Devices { get; init; }

    /// <summary>Most connections open at one time within the hour.</summary>
    public long Connections { get; init; }

    /// <summary>Bytes that the tenant's data took at the hour's last measurement; GB months are the mean of it over a month's hours.</summary>
    public long StorageBytes { get; init; }
}
