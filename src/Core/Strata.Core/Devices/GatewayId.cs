using System.Diagnostics.CodeAnalysis;

namespace Strata.Core.Devices;

/// <summary>A gateway's name within its tenant; the same characters as a <see cref="DeviceId"/>.</summary>
public readonly record struct GatewayId
{
    private readonly string? value;

    private GatewayId(string value) => this.value = value;

    /// <summary>The id as text; empty for <c>default</c>, which names no gateway.</summary>
    public string Value => value ?? "";

    /// <summary>Parses an id.</summary>
    /// <exception cref="FormatException">The text is not an id; the message says why.</exception>
    public static GatewayId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException(NameRule.Explain("gateway id", text, DeviceId.MaxLength, allowSpace: false));

    /// <summary>Parses an id; false when the text is not one.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out GatewayId id)
    {
        var valid = NameRule.IsValid(text, DeviceId.MaxLength, allowSpace: false);
        id = valid ? new GatewayId(text!) : default;
        return valid;
    }

    public override string ToString() => Value;
}
