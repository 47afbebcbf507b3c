using System.Globalization;

namespace Strata.Bench;

/// <summary>Options as <c>--name value</c>.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> values = new(StringComparer.Ordinal);

    public Arguments(IEnumerable<string> arguments)
    {
        string? name = null;
        foreach (var argument in arguments)
        {
            if (argument.StartsWith("--", StringComparison.Ordinal))
                values[name = argument[2..]] = "true";
            else if (name is not null)
                values[name] = argument;
            else
                throw new ArgumentException($"'{argument}' follows no option.");
        }
    }

    private Arguments(IDictionary<string, string> given) => values = new(given, StringComparer.Ordinal);

    /// <summary>The same with one option said otherwise.</summary>
    public Arguments With(string name, string value) => new(new Dictionary<string, string>(values) { [name] = value });

    public string Text(string name, string fallback) => values.GetValueOrDefault(name, fallback);

    public string Required(string name) => values.GetValueOrDefault(name) ?? throw new ArgumentException($"--{name} is missing.");

    public int Number(string name, int fallback) =>
        values.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : fallback;

    public bool Flag(string name) => values.GetValueOrDefault(name) == "true";
}
