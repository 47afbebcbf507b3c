using Strata.Core.Tenancy;

namespace Strata.Core.Metering;

/// <summary>What one class of a tenant's devices used within one hour: the unit of quotas' forecasts, of service levels and of statements.</summary>
/// <param name="Tenant">Whose usage it is.</param>
/// <param name="Hour">Start of the hour, UTC; a whole hour.</param>
/// <param name="DeviceClass">The devices' model; empty for devices without one and for what no device did (API calls).</param>
public sealed record UsageHour(TenantId Tenant, DateTimeOffset Hour, string DeviceClass)
{
    /// <summary>A reading's time and value.</summary>
    public const int BytesPerReading = 16;

    /// <summary>The class of devices beyond <see cref="MaxClasses"/>.</summary>
    public const string OtherClass = "other";

    /// <summary>Classes of one tenant within one hour that are kept apart; devices of further ones are metered as <see cref="OtherClass"/>.</summary>
    public const int MaxClasses = 100;

    /// <summary>
    /// Messages taken in: MQTT publishes, HTTP ingest requests, entries of gateways. Those that carry something to store count in the transaction that stores it, and a numbered one
    /// that comes again does not count again.
    /// </summary>
    public long MessagesIn { get; init; }

    /// <summary>Payload bytes of <see cref="MessagesIn"/>.</summary>
    public long BytesIn { get; init; }

    /// <summary>Messages handed to subscribers.</summary>
    public long MessagesOut { get; init; }

    /// <summary>Bytes sent to MQTT clients, packets as they went out.</summary>
    public long BytesOut { get; init; }

    /// <summary>
    /// Distinct readings stored; counted in the transaction that stores them. One that is not later than all before it of its device and metric may be a repeat: the embedded store counts it
    /// within seconds, once it is known to be none.
    /// </summary>
    public long ReadingsStored { get; init; }

    /// <summary>
    /// What the <see cref="ReadingsStored"/> hold, whatever form they came in: <see cref="BytesPerReading"/> each, and of a text its UTF-8. Counted with them.
    /// </summary>
    public long BytesStored { get; init; }

    /// <summary>Requests to the API that were let in.</summary>
    public long ApiCalls { get; init; }

    /// <summary>Most devices of the class at one time within the hour.</summary>
    public long Devices { get; init; }

    /// <summary>Most connections open at one time within the hour.</summary>
    public long Connections { get; init; }

    /// <summary>Bytes that the tenant's data took at the hour's last measurement, 0 for none; GB months are the mean of it over a month's hours.</summary>
    public long StorageBytes { get; init; }
}
