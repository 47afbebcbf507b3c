using System.Text.Json;
using Strata.Core.Metering;
using Strata.Core.Metering.Billing;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Billing.Statements;

/// <summary>
/// The meter's hours as a closed statement keeps them: a JSON array of arrays, each the hour of the month (0 is its first), then messages and bytes in, messages and bytes
/// out, readings and bytes stored, API calls, devices, connections, bytes kept.
/// </summary>
internal static class UsageText
{
    public static string Write(BillingMonth month, IEnumerable<UsageHour> hours) => JsonSerializer.Serialize(hours.Select(h => new[]
    {
        (long)(h.Hour - month.Start).TotalHours, h.MessagesIn, h.BytesIn, h.MessagesOut, h.BytesOut, h.ReadingsStored, h.BytesStored, h.ApiCalls, h.Devices, h.Connections, h.StorageBytes,
    }));

    public static IReadOnlyList<UsageHour> Read(TenantId tenant, BillingMonth month, string text) =>
    [
        .. JsonSerializer.Deserialize<long[][]>(text)!.Select(h => new UsageHour(tenant, month.Start.AddHours(h[0]), "")
        {
            MessagesIn = h[1], BytesIn = h[2], MessagesOut = h[3], BytesOut = h[4], ReadingsStored = h[5], BytesStored = h[6], ApiCalls = h[7], Devices = h[8], Connections = h[9],
            StorageBytes = h[10],
        }),
    ];
}
