using System.Diagnostics.CodeAnalysis;

namespace Strata.Core.Architecture;

/// <summary>
/// A place as the path from the root of its tree, for example <c>hq/floor-1/east</c> (building, floor, zone). Each
/// segment follows the rule of a device id without the colon's special use; at most 16 segments and 512 characters.
/// </summary>
public readonly record struct SiteId
{
    /// <summary>The deepest tree.</summary>
    public const int MaxDepth = 16;

    /// <summary>The longest path, in characters.</summary>
    public const int MaxLength = 512;

    private readonly string? value;

    private SiteId(string value) => this.value = value;

    /// <summary>The path as text; empty for <c>default</c>, which names no place.</summary>
    public string Value => value ?? "";

    /// <summary>The last segment.</summary>
    public string Name => Value[(Value.LastIndexOf('/') + 1)..];

    /// <summary>How many segments the path has; the root of a tree has one.</summary>
    public int Depth => Value.Length == 0 ? 0 : Value.AsSpan().Count('/') + 1;

    /// <summary>The place that holds this one; null at the root.</summary>
    public SiteId? Parent => Value.LastIndexOf('/') is var slash && slash > 0 ? new SiteId(Value[..slash]) : null;

    /// <summary>The place <paramref name="name"/> inside this one.</summary>
    /// <exception cref="FormatException">The name is not a segment, or the path grows too long or deep.</exception>
    public SiteId Child(string name) => Parse(Value.Length == 0 ? name : $"{Value}/{name}");

    /// <summary>Whether <paramref name="other"/> is this place or lies inside it.</summary>
    public bool Contains(SiteId other) =>
        other.Value.StartsWith(Value, StringComparison.Ordinal)
        && (other.Value.Length == Value.Length || other.Value[Value.Length] == '/');

    /// <summary>Parses a path.</summary>
    /// <exception cref="FormatException">The text is not a path; the message says why.</exception>
    public static SiteId Parse(string text)
    {
        if (TryParse(text, out var id))
            return id;
        if (text is { Length: > MaxLength })
            throw new FormatException($"A site path has at most {MaxLength} characters; this one has {text.Length}.");
        var segments = (text ?? "").Split('/');
        if (segments.Length > MaxDepth)
            throw new FormatException($"A site path has at most {MaxDepth} segments; this one has {segments.Length}.");
        var bad = Array.Find(segments, s => !NameRule.IsValid(s, Devices.DeviceId.MaxLength, allowSpace: false));
        throw new FormatException(NameRule.Explain("site name", bad, Devices.DeviceId.MaxLength, allowSpace: false));
    }

    /// <summary>Parses a path; false when the text is not one.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out SiteId id)
    {
        id = default;
        if (string.IsNullOrEmpty(text) || text.Length > MaxLength)
            return false;
        var depth = 0;
        foreach (var range in text.AsSpan().Split('/'))
        {
            if (++depth > MaxDepth || !NameRule.IsValid(text.AsSpan(range), Devices.DeviceId.MaxLength, allowSpace: false))
                return false;
        }
        id = new SiteId(text);
        return true;
    }

    public override string ToString() => Value;
}
