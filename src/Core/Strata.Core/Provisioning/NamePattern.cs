using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Strata.Core.Provisioning;

/// <summary>Texts with <c>{placeholders}</c> that are filled in from what is known of a device.</summary>
public static class NamePattern
{
    private const string SubjectPrefix = "subject.";

    /// <summary>The placeholders there are, for messages.</summary>
    public const string Placeholders = "{sku}, {serial}, {registration}, {gateway}, {enrolment}, {subject.CN} (or another field of the subject)";

    /// <exception cref="FormatException">A placeholder is none that there is, or a brace has no partner.</exception>
    public static string Check(string pattern)
    {
        _ = Fill(pattern, static name => Known(name) ? "x" : throw new FormatException($"'{{{name}}}' is no placeholder; there are {Placeholders}."), out _);
        return pattern;
    }

    /// <summary>The text filled in; false, with the placeholder for which nothing is known, when it cannot be.</summary>
    public static bool TryFill(string pattern, ArrivingDevice device, [NotNullWhen(true)] out string? text, out string missing)
    {
        text = Fill(pattern, name => Value(name, device), out missing);
        return text is not null;
    }

    private static string? Fill(string pattern, Func<string, string?> value, out string missing)
    {
        missing = "";
        var text = new StringBuilder();
        var rest = pattern.AsSpan();
        while (rest.IndexOfAny('{', '}') is var at && at >= 0)
        {
            var end = rest[at] == '{' ? rest[at..].IndexOf('}') : -1;
            if (end < 0)
                throw new FormatException($"'{pattern}': a brace stands alone; placeholders are {Placeholders}.");
            var name = rest[(at + 1)..(at + end)].ToString();
            if (value(name) is not { } filled)
            {
                missing = name;
                return null;
            }
            text.Append(rest[..at]).Append(filled);
            rest = rest[(at + end + 1)..];
        }
        return text.Append(rest).ToString();
    }

    private static bool Known(string name) => name is "sku" or "serial" or "registration" or "gateway" or "enrolment" || (name.StartsWith(SubjectPrefix, StringComparison.Ordinal) && name.Length > SubjectPrefix.Length);

    private static string? Value(string name, ArrivingDevice device) => name switch
    {
        "sku" => device.Sku,
        "serial" => device.Serial,
        "registration" => device.Registration,
        "gateway" => device.Gateway,
        "enrolment" => device.Enrolment,
        _ when name.StartsWith(SubjectPrefix, StringComparison.Ordinal) => device.Subject.GetValueOrDefault(name[SubjectPrefix.Length..]),
        _ => null,
    };
}
