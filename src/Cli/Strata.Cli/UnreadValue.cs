using System.CommandLine.Parsing;
using System.Globalization;

namespace Strata.Cli;

/// <summary>What is said of the value of an option or argument that is no number, or no time.</summary>
internal static class UnreadValue
{
    private static readonly (Type Type, string Kind, Func<string, bool> Is)[] Kinds =
    [
        (typeof(int), "a whole number", t => int.TryParse(t, NumberStyles.Integer, CultureInfo.InvariantCulture, out _)),
        (typeof(long), "a whole number", t => long.TryParse(t, NumberStyles.Integer, CultureInfo.InvariantCulture, out _)),
        (typeof(double), "a number, for example 0.05", t => double.TryParse(t, CultureInfo.InvariantCulture, out _)),
        (typeof(decimal), "a number, for example 0.05", t => decimal.TryParse(t, CultureInfo.InvariantCulture, out _)),
        (typeof(DateTimeOffset), "a time, for example 2026-11-27T09:00:00Z", t => DateTimeOffset.TryParse(t, CultureInfo.InvariantCulture, out _)),
    ];

    /// <summary>One sentence; null when the fault is another.</summary>
    public static string? Explain(ParseError error)
    {
        var (name, type, tokens) = error.SymbolResult switch
        {
            OptionResult of => (of.Option.Name, of.Option.ValueType, of.Tokens),
            ArgumentResult { Parent: OptionResult of } => (of.Option.Name, of.Option.ValueType, of.Tokens),
            ArgumentResult of => ($"<{of.Argument.Name}>", of.Argument.ValueType, of.Tokens),
            _ => ("", typeof(string), (IReadOnlyList<Token>)[]),
        };
        type = Nullable.GetUnderlyingType(type) ?? type;
        foreach (var kind in Kinds)
        {
            if (kind.Type == type && tokens is [var said] && !kind.Is(said.Value))
                return $"{name} is '{said.Value}'; it takes {kind.Kind}.";
        }
        return null;
    }
}
