namespace Strata.Telemetry.Postgres;

/// <summary>Texts as PostgreSQL takes them: it has no character 0.</summary>
internal static class StoredText
{
    /// <summary>The stored kind of a text value in which the character 0 is written <c>\0</c> and <c>\</c> is written <c>\\</c>.</summary>
    public const short EscapedKind = 3;

    public static bool NeedsEscape(string? text) => text is not null && text.Contains('\0', StringComparison.Ordinal);

    public static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\0", "\\0", StringComparison.Ordinal);

    public static string Unescape(string text)
    {
        var plain = new System.Text.StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
            plain.Append(text[i] != '\\' ? text[i] : text[++i] == '0' ? '\0' : '\\');
        return plain.ToString();
    }

    /// <summary>A name or a remark, with U+FFFD for the character 0: it identifies nothing and need not come back bit by bit.</summary>
    public static string Clean(string text) => text.Replace('\0', '\uFFFD');
}
