using System.Diagnostics.CodeAnalysis;

namespace Strata.Core.Architecture;

/// <summary>
/// What a place is. Strata knows a few words and lets an installation have its own (<c>greenhouse</c>): a letter or digit, then letters, digits and
/// <c>. _ : -</c>, at most 32 characters, kept in lower case.
/// </summary>
public readonly record struct SiteKind
{
    /// <summary>The longest word.</summary>
    public const int MaxLength = 32;

    public static readonly SiteKind Site = new("site");
    public static readonly SiteKind Region = new("region");
    public static readonly SiteKind City = new("city");
    public static readonly SiteKind Campus = new("campus");
    public static readonly SiteKind Building = new("building");
    public static readonly SiteKind Floor = new("floor");
    public static readonly SiteKind Zone = new("zone");
    public static readonly SiteKind Room = new("room");
    public static readonly SiteKind Warehouse = new("warehouse");
    public static readonly SiteKind Parking = new("parking");

    private readonly string? value;

    private SiteKind(string value) => this.value = value;

    /// <summary>The words that Strata knows, from the widest place to the narrowest.</summary>
    public static IReadOnlyList<SiteKind> WellKnown { get; } = [Region, City, Campus, Site, Building, Warehouse, Parking, Floor, Zone, Room];

    /// <summary>The word; <c>site</c> for <c>default</c>.</summary>
    public string Value => value ?? "site";

    /// <summary>Takes a word in any case; false when it is none.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out SiteKind kind)
    {
        var valid = NameRule.IsValid(text, MaxLength, allowSpace: false);
        kind = valid ? new SiteKind(text!.ToLowerInvariant()) : default;
        return valid;
    }

    /// <exception cref="FormatException">The text is no word for a place; the message says why.</exception>
    public static SiteKind Parse(string text) =>
        TryParse(text, out var kind) ? kind : throw new FormatException(NameRule.Explain("kind of place", text, MaxLength, allowSpace: false));

    public bool Equals(SiteKind other) => Value == other.Value;

    public override int GetHashCode() => Value.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Value;
}
