using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Strata.Fog;

/// <summary>Where devices and gateways below reach this gateway, as it says when it joins.</summary>
internal sealed record FogAddresses(string Mqtt, string Http);

/// <summary>The listeners as they were configured; after the start their end points have the real ports.</summary>
internal sealed class FogListeners
{
    public ListenOptions? Http { get; set; }

    public ListenOptions? Https { get; set; }

    public ListenOptions? Mqtt { get; set; }

    public ListenOptions? Mqtts { get; set; }

    /// <summary>Where this process reaches its own API; null before it serves.</summary>
    public Uri? Address => Http?.IPEndPoint is { Port: > 0 } http ? new Uri($"http://{Reachable(http)}/") : null;

    /// <summary>An end point as clients on this machine use it: any-address becomes loopback.</summary>
    public static string Reachable(IPEndPoint endPoint) => endPoint.Address switch
    {
        var any when any.Equals(IPAddress.Any) => new IPEndPoint(IPAddress.Loopback, endPoint.Port).ToString(),
        var any when any.Equals(IPAddress.IPv6Any) => new IPEndPoint(IPAddress.IPv6Loopback, endPoint.Port).ToString(),
        _ => endPoint.ToString(),
    };
}
