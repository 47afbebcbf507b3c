using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform;
using Strata.Core.Devices;

namespace Strata.Cloud.Devices.Registry;

/// <summary>What a row says of itself in the audit trail, before and after a change: a JSON document without secrets.</summary>
internal static class AuditImages
{
    /// <summary>Items named in the record of a bulk change; the digest is over all.</summary>
    private const int MaxNamed = 100;

    public static string? Of(IAuditedRow? row) => row switch
    {
        null => null,
        SiteRow site => Json(new { site.Name, site.Kind, site.Parent }),
        GatewayRow gateway => Json(new { gateway.Site, gateway.Parent, gateway.Uplink, gateway.Mqtt, gateway.Http, gateway.Version, gateway.Joined }),
        DeviceRow device => Json(new
        {
            device.Site, device.Model, state = DeviceLifecycle.Name(device.State), heartbeatMs = (long)device.Heartbeat.TotalMilliseconds, device.Deadband, device.Gateways,
            tags = Any(device.Tags), groups = device.Groups.IsEmpty ? null : device.Groups.ToArray(), device.Serial, device.Batch, device.PowerProfile,
        }),
        GroupRow group => Json(new { group.Sites, group.Query, windowMs = (long)group.Window.TotalMilliseconds }),
        ViewRow view => Json(new { view.Title, view.Roles, view.Widgets, view.Metrics, view.Sites, view.Groups, lastMs = (long)view.Last.TotalMilliseconds, view.Landing }),
        BulkOperationRow bulk => Json(new { bulk.Query, change = JsonSerializer.Deserialize<JsonElement>(bulk.Change), bulk.State, bulk.Found, bulk.Changed, bulk.Refused, bulk.UndoOf }),
        DecommissionRow gone => Json(new { gone.Device, gone.State, gone.Data, gone.Cause, gone.Identity, gone.Readings, gone.ArchiveDigest, wiped = gone.WipeProved }),
        TransferRow transfer => Json(new { transfer.Id, transfer.Other, given = transfer.IsGiven, transfer.Device, transfer.State, transfer.Readings, transfer.NewId, transfer.Site, transfer.Copied }),
        DecommissionPolicyRow policy => Json(new { policy.Readings }),
        LifecycleHookRow hook => Json(new { hook.Url, states = hook.States.ToArray() }),
        JoinTokenRow token => Json(new { token.Site, token.Expires, token.UsesLeft, token.LastGateway }),
        _ => throw new InvalidOperationException($"{row.GetType().Name} has no image for the audit trail."),
    };

    private static ImmutableSortedDictionary<string, string>? Any(ImmutableSortedDictionary<string, string> tags) => tags.IsEmpty ? null : tags;

    public static string Json(object value) => JsonSerializer.Serialize(value, JsonSerializerOptions.Web);

    /// <summary>What a bulk change did: how many items, the digest of all of them line by line, and the first ones.</summary>
    public static string Digest(IReadOnlyList<string> items) => Json(new
    {
        items = items.Count,
        sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(items.Select(i => i + "\n"))))),
        first = items.Take(MaxNamed),
    });
}
