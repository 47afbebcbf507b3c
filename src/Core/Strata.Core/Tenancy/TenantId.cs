using System.Diagnostics.CodeAnalysis;

namespace Strata.Core.Tenancy;

/// <summary>An organisation on the installation. It belongs to a connection or a token, never to a topic or a payload.</summary>
public readonly record struct TenantId
{
    /// <summary>The tenant that every installation starts with.</summary>
    public static readonly TenantId Main = new("main");

    private readonly string? value;

    private TenantId(string value) => this.value = value;

    /// <summary>The id as text; empty for <c>default</c>, which names no tenant.</summary>
    public string Value => value ?? "";

    /// <summary>Parses an id.</summary>
    /// <exception cref="FormatException">The text is not a tenant id; the message says why.</exception>
    public static TenantId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException(NameRule.Explain("tenant id", text, 64, allowSpace: false));

    /// <summary>Parses an id; false when the text is not one.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TenantId id)
    {
        var valid = NameRule.IsValid(text, 64, allowSpace: false);
        id = valid ? new TenantId(text!) : default;
        return valid;
    }

    /// <summary>
    /// The id that an organisation of this name gets: the name itself when it is an id, else its letters and digits in lower case with <c>-</c> between the words.
    /// </summary>
    /// <returns>False when nothing of the name can stand in an id.</returns>
    public static bool TryFromName([NotNullWhen(true)] string? name, out TenantId id)
    {
        if (TryParse(name, out id))
            return true;
        var words = string.Concat((name ?? "").Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : ' ')).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return TryParse(string.Join('-', words), out id);
    }

    public override string ToString() => Value;
}
