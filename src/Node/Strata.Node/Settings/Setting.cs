using System.Globalization;
using System.Reflection;
using Strata.Core;

namespace Strata.Node.Settings;

/// <summary>A limit or an interval of a node that can be set when it starts.</summary>
public sealed class Setting
{
    private static readonly (string Unit, long Bytes)[] Sizes = [("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40)];

    private readonly PropertyInfo property;

    internal Setting(string section, PropertyInfo property, object options)
    {
        this.property = property;
        Name = $"{section}.{char.ToLowerInvariant(property.Name[0])}{property.Name[1..]}";
        Default = Write(property.GetValue(options)!);
    }

    /// <summary><c>section.name</c>.</summary>
    public string Name { get; }

    /// <summary>The type that holds it, and its property there.</summary>
    public (Type Options, string Property) Source => (property.DeclaringType!, property.Name);

    /// <summary>What holds unless it is given, as it would be given.</summary>
    public string Default { get; }

    /// <summary>What it takes, for people.</summary>
    public string Takes => property.PropertyType switch
    {
        { IsEnum: true } type => string.Join(", ", Enum.GetNames(type)),
        var type when type == typeof(TimeSpan) => "a span, for example 500ms, 30s or 2d",
        var type when type == typeof(bool) => "true or false",
        var type when type == typeof(double) => "a number",
        _ => IsSize ? "a whole number of bytes, for example 65536, 64KiB or 2GiB" : "a whole number",
    };

    private bool IsSize => property.Name.Contains("Bytes", StringComparison.Ordinal) || property.Name.EndsWith("PacketSize", StringComparison.Ordinal);

    internal static bool IsOne(PropertyInfo property) =>
        property.CanWrite && (property.PropertyType.IsEnum || property.PropertyType == typeof(int) || property.PropertyType == typeof(long) || property.PropertyType == typeof(double) || property.PropertyType == typeof(bool) || property.PropertyType == typeof(TimeSpan));

    /// <summary>The value that a text stands for; null for none.</summary>
    internal object? Read(string text) => property.PropertyType switch
    {
        { IsEnum: true } type => Enum.GetNames(type).FirstOrDefault(n => n.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } name ? Enum.Parse(type, name) : null,
        var type when type == typeof(TimeSpan) => DurationText.TryParse(text, out var span) ? span : null,
        var type when type == typeof(bool) => bool.TryParse(text, out var yes) ? yes : null,
        var type when type == typeof(double) => double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null,
        var type when type == typeof(int) => Whole(text) is >= int.MinValue and <= int.MaxValue and var whole ? (int)whole : null,
        _ => Whole(text),
    };

    internal void Set(object options, object value) => property.SetValue(options, value);

    private long? Whole(string text)
    {
        var unit = IsSize ? Array.Find(Sizes, s => text.EndsWith(s.Unit, StringComparison.OrdinalIgnoreCase)) : default;
        if (!long.TryParse(text.AsSpan(0, text.Length - (unit.Unit?.Length ?? 0)), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return null;
        var factor = unit.Unit is null ? 1 : unit.Bytes;
        return Math.Abs(number) <= long.MaxValue / factor ? number * factor : null;
    }

    private string Write(object value) => value switch
    {
        TimeSpan span => DurationText.Format(span),
        bool yes => yes ? "true" : "false",
        int or long when IsSize && Convert.ToInt64(value, CultureInfo.InvariantCulture) is > 0 and var bytes && Array.FindLast(Sizes, s => bytes % s.Bytes == 0) is { Unit: { } unit, Bytes: var size } => $"{(bytes / size).ToString(CultureInfo.InvariantCulture)}{unit}",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };
}
