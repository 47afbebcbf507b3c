using System.Globalization;

namespace Strata.Edge.Delivery;

/// <summary>Where a gateway or a cloud node listens for MQTT.</summary>
public readonly record struct GatewayAddress(string Host, int Port)
{
    /// <summary>Parses <c>mqtt://HOST[:PORT]</c>; the port is 1883 unless given.</summary>
    /// <exception cref="FormatException">It is no such address.</exception>
    public static GatewayAddress Parse(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri is { Scheme: "mqtt", Host.Length: > 0, AbsolutePath: "/" or "", UserInfo: "" }
            ? new(uri.IdnHost.Trim('[', ']'), uri.Port < 0 ? 1883 : uri.Port)
            : throw new FormatException($"'{text}' is not a gateway's address; write mqtt://HOST:PORT, several with commas between them.");

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"mqtt://{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");
}
