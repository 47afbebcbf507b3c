using System.Diagnostics.CodeAnalysis;

namespace Strata.Core.Devices;

/// <summary>
/// A device's name within its tenant: <c>[A-Za-z0-9][A-Za-z0-9._:-]{0,127}</c>, case-sensitive. None of its characters
/// has a meaning in an MQTT topic, a path or a CSV cell, so an id is carried everywhere as it stands.
/// </summary>
public readonly record struct DeviceId
{
    /// <summary>The longest id, in characters (all ASCII, so also in bytes).</summary>
    public const int MaxLength = 128;

    private readonly string? value;

    private DeviceId(string value) => this.value = value;

    /// <summary>The id as text; empty for <c>default</c>, which names no device.</summary>
    public string Value => value ?? "";

    /// <summary>Parses an id.</summary>
    /// <exception cref="FormatException">The text is not an id; the message says why.</exception>
    public static DeviceId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException(NameRule.Explain("device id", text, MaxLength, allowSpace: false));

    /// <summary>Parses an id; false when the text is not one.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out DeviceId id)
    {
        var valid = NameRule.IsValid(text, MaxLength, allowSpace: false);
        id = valid ? new DeviceId(text!) : default;
        return valid;
    }

    public override string ToString() => Value;
}
