using System.Text;

namespace Strata.Core.Devices.Query;

/// <summary>What stands in a query, piece by piece. Knows characters, not fields.</summary>
internal sealed class QueryWords(string text)
{
    private const string Ends = "()\"";
    private static readonly string[] Operators = ["!=", "<=", ">=", "=", "<", ">", ":", "~"];

    public int At { get; private set; }

    public bool IsAtEnd
    {
        get
        {
            while (At < text.Length && char.IsWhiteSpace(text[At]))
                At++;
            return At >= text.Length;
        }
    }

    /// <summary>Takes one character, if it comes next.</summary>
    public bool Take(char wanted)
    {
        if (IsAtEnd || text[At] != wanted)
            return false;
        At++;
        return true;
    }

    /// <summary>Takes a word of the language, if it comes next and stands alone.</summary>
    public bool TakeKeyword(string keyword)
    {
        if (IsAtEnd || string.Compare(text, At, keyword, 0, keyword.Length, StringComparison.OrdinalIgnoreCase) != 0)
            return false;
        var after = At + keyword.Length;
        if (after < text.Length && !char.IsWhiteSpace(text[after]) && text[after] is not ('(' or ')'))
            return false;
        At = after;
        return true;
    }

    /// <summary>Whether a word of the language comes next; nothing is taken.</summary>
    public bool Sees(string keyword)
    {
        var at = At;
        var seen = TakeKeyword(keyword);
        At = at;
        return seen;
    }

    /// <summary>Takes the name of a field when a name and an operator come next: <c>state</c>, <c>tag.row</c>, <c>tag."a b"</c>.</summary>
    public string? TakeField()
    {
        if (IsAtEnd || !char.IsAsciiLetter(text[At]))
            return null;
        var at = At;
        var name = new StringBuilder();
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '.' or '_' or '-'))
            name.Append(text[at++]);
        if (at < text.Length && text[at] == '"' && name.Length > 0 && name[^1] == '.')
        {
            var back = At;
            At = at;
            name.Append(TakeQuoted());
            (at, At) = (At, back);
        }
        if (OperatorAt(at) is null)
            return null;
        At = at;
        return name.ToString();
    }

    public string TakeOperator()
    {
        var found = OperatorAt(At)!;
        At += found.Length;
        return found;
    }

    /// <summary>Takes a value: quoted, or up to the next space, parenthesis or comma.</summary>
    /// <param name="inList">A comma ends it.</param>
    public (string Text, bool IsQuoted) TakeValue(bool inList)
    {
        if (IsAtEnd)
            throw new QueryException(text.Length, "a value is missing");
        if (text[At] == '"')
            return (TakeQuoted(), true);
        var start = At;
        while (At < text.Length && !char.IsWhiteSpace(text[At]) && !Ends.Contains(text[At], StringComparison.Ordinal) && !(inList && text[At] == ','))
            At++;
        return At > start ? (text[start..At], false) : throw new QueryException(At, $"a value is missing before '{text[At]}'");
    }

    private string TakeQuoted()
    {
        var start = At++;
        var value = new StringBuilder();
        while (At < text.Length && text[At] != '"')
        {
            if (text[At] == '\\' && At + 1 < text.Length)
                At++;
            value.Append(text[At++]);
        }
        if (At >= text.Length)
            throw new QueryException(start, "the quoted text has no end: a '\"' is missing");
        At++;
        return value.ToString();
    }

    private string? OperatorAt(int at) => Array.Find(Operators, o => string.CompareOrdinal(text, at, o, 0, o.Length) == 0);
}
