using System.Diagnostics.CodeAnalysis;

namespace Strata.Core.Telemetry;

/// <summary>
/// The name of one measured quantity of a device: the characters of a device id plus space. Nested payload
/// objects give dotted names (<c>battery.voltage</c>). Case-sensitive, at most 128 characters.
/// </summary>
public readonly record struct MetricName
{
    /// <summary>The longest name, in characters (all ASCII, so also in bytes).</summary>
    public const int MaxLength = 128;

    /// <summary>What the metrics of <c>devices/{id}/health</c> begin with.</summary>
    public const string HealthPrefix = "health.";

    /// <summary>The firmware that a device says it runs: of its health the one that may be a text.</summary>
    public const string Firmware = "health.firmware";

    private readonly string? value;

    private MetricName(string value) => this.value = value;

    /// <summary>The name as text; empty for <c>default</c>, which names no metric.</summary>
    public string Value => value ?? "";

    /// <summary>Whether it reports how the device is, rather than what it measures.</summary>
    public bool IsHealth => Value.StartsWith(HealthPrefix, StringComparison.Ordinal);

    /// <summary>Parses a name.</summary>
    /// <exception cref="FormatException">The text is not a metric name; the message says why.</exception>
    public static MetricName Parse(string text) =>
        TryParse(text, out var name) ? name : throw new FormatException(NameRule.Explain("metric name", text, MaxLength, allowSpace: true));

    /// <summary>Parses a name; false when the text is not one.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out MetricName name)
    {
        var valid = NameRule.IsValid(text, MaxLength, allowSpace: true);
        name = valid ? new MetricName(text!) : default;
        return valid;
    }

    /// <summary>Wraps a text that is known to be a name.</summary>
    internal static MetricName FromValid(string text) => new(text);

    public override string ToString() => Value;
}
