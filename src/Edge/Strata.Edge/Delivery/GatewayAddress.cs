using System.Globalization;

namespace Strata.Edge.Delivery;

/// <summary>Where a gateway or a cloud node listens for MQTT.</summary>
/// <param name="IsTls">By TLS (<c>mqtts</c>).</param>
public readonly record struct GatewayAddress(string Host, int Port, bool IsTls = false)
{
    /// <summary>Parses <c>mqtt://HOST[:PORT]</c> or <c>mqtts://HOST[:PORT]</c>; the port is 1883, by TLS 8883, unless given.</summary>
    /// <exception cref="FormatException">It is no such address.</exception>
    public static GatewayAddress Parse(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri is { Scheme: "mqtt" or "mqtts", Host.Length: > 0, AbsolutePath: "/" or "", UserInfo: "" }
            ? new(uri.IdnHost.Trim('[', ']'), uri.Port >= 0 ? uri.Port : uri.Scheme == "mqtts" ? 8883 : 1883, uri.Scheme == "mqtts")
            : throw new FormatException($"'{text}' is not a gateway's address; write mqtt://HOST:PORT or mqtts://HOST:PORT, several with commas between them.");

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"mqtt{(IsTls ? "s" : "")}://{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");
}
