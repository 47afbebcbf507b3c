using System.Diagnostics.CodeAnalysis;
using Strata.Core.Architecture;

namespace Strata.Core.Provisioning;

/// <summary>
/// What a label says, scanned or typed: a device (by id or serial number) or a place. Written as <c>strata:TENANT/SERIAL</c>, <c>strata-place:TENANT/PATH</c>, as the address of the
/// installer's page (<c>https://HOST/install/?device=SERIAL</c>, <c>?place=PATH</c>), as another address that ends with the device's name, or as the name alone.
/// </summary>
/// <param name="Tenant">Whose it is, where the label says so.</param>
/// <param name="Device">A device's id or serial number; null for a place.</param>
/// <param name="Place">Null for a device.</param>
public readonly record struct LabelCode(string? Tenant, string? Device, SiteId? Place)
{
    /// <summary>The longest text of a label, in characters.</summary>
    public const int MaxLength = 2_000;

    private const string DeviceScheme = "strata:";
    private const string PlaceScheme = "strata-place:";

    /// <summary>The text of a device's label.</summary>
    /// <param name="address">Where people reach the node; null for a label that opens nothing by itself.</param>
    public static string OfDevice(string tenant, string serial, Uri? address = null) =>
        address is null ? $"{DeviceScheme}{tenant}/{serial}" : PageOf(address, "device", serial);

    /// <summary>The text of a place's label.</summary>
    public static string OfPlace(string tenant, SiteId place, Uri? address = null) =>
        address is null ? $"{PlaceScheme}{tenant}/{place.Value}" : PageOf(address, "place", place.Value);

    /// <summary>Reads a label's text; false when it names neither a device nor a place.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out LabelCode code)
    {
        code = default;
        if (text?.Trim() is not { Length: > 0 and <= MaxLength } said || said.Any(char.IsControl))
            return false;
        code = said switch
        {
            _ when said.StartsWith(PlaceScheme, StringComparison.Ordinal) => Of(said[PlaceScheme.Length..], isPlace: true),
            _ when said.StartsWith(DeviceScheme, StringComparison.Ordinal) => Of(said[DeviceScheme.Length..], isPlace: false),
            _ when Uri.TryCreate(said, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" => Of(address!),
            _ => new LabelCode(null, said, null),
        };
        return code.Device is { Length: > 0 } || code.Place is not null;
    }

    private static LabelCode Of(string rest, bool isPlace)
    {
        var slash = rest.IndexOf('/');
        if (slash < 1)
            return default;
        var (tenant, name) = (rest[..slash], rest[(slash + 1)..]);
        return isPlace ? new LabelCode(tenant, null, SiteId.TryParse(name, out var place) ? place : null) : new LabelCode(tenant, name, null);
    }

    private static LabelCode Of(Uri address)
    {
        foreach (var part in address.Query.TrimStart('?').Split('&'))
        {
            var value = part[(part.IndexOf('=') + 1)..];
            if (part.StartsWith("device=", StringComparison.Ordinal))
                return new LabelCode(null, Uri.UnescapeDataString(value), null);
            if (part.StartsWith("place=", StringComparison.Ordinal))
                return new LabelCode(null, null, SiteId.TryParse(Uri.UnescapeDataString(value), out var place) ? place : null);
        }
        return new LabelCode(null, Uri.UnescapeDataString(address.Segments[^1].Trim('/')), null);
    }

    private static string PageOf(Uri address, string what, string name) => new Uri(address, $"/install/?{what}={Uri.EscapeDataString(name)}").AbsoluteUri;
}
