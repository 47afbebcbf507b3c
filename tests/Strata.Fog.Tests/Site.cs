using System.Security.Cryptography;
using System.Text;
using Strata.Cloud.Contracts;

namespace Strata.Fog.Tests;

/// <summary>Descriptions of a small site: devices t-1, t-2, ... in hq/floor-1/east, one group over the floor.</summary>
internal static class Site
{
    public static GatewayConfiguration Configuration(
        Dictionary<string, string>? uplink = null, int devices = 2, long windowMs = 60_000, long heartbeatMs = 60_000, long version = 1, string gateway = "gw-hq") =>
        new(version, gateway, "main", "hq", uplink ?? new() { ["*"] = "raw" },
            [.. Enumerable.Range(1, devices).Select(i => Device($"t-{i}", heartbeatMs))],
            [new GatewayGroup("floor-1", "hq/floor-1", ["hq/floor-1"], windowMs)]);

    public static GatewayDevice Device(string id, long heartbeatMs = 60_000, string? site = "hq/floor-1/east") =>
        new(id, site, Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(SecretOf(id)))), heartbeatMs, true);

    public static string SecretOf(string device) => $"the-secret-of-{device}";
}
