namespace Strata.Core.Provisioning;

/// <summary>A pattern over a whole text: <c>*</c> stands for any characters, <c>?</c> for one; everything else for itself, with its case. Takes time in proportion to both lengths at most.</summary>
public readonly record struct TextPattern(string Text)
{
    /// <summary>The longest pattern.</summary>
    public const int MaxLength = 200;

    public bool Matches(ReadOnlySpan<char> value)
    {
        var pattern = (Text ?? "").AsSpan();
        var (p, v, star, back) = (0, 0, -1, 0);
        while (v < value.Length)
        {
            if (p < pattern.Length && (pattern[p] == '?' || (pattern[p] == value[v] && pattern[p] != '*')))
            {
                p++;
                v++;
            }
            else if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                back = v;
            }
            else if (star >= 0)
            {
                p = star + 1; // The star takes one character more.
                v = ++back;
            }
            else
            {
                return false;
            }
        }
        while (p < pattern.Length && pattern[p] == '*')
            p++;
        return p == pattern.Length;
    }

    public override string ToString() => Text ?? "";
}
