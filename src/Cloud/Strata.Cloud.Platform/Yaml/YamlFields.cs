using System.Collections.Immutable;
using Strata.Core;

namespace Strata.Cloud.Platform.Yaml;

/// <summary>The fields of one map of the file, read by name. Unknown fields and wrong types are errors with their place.</summary>
public sealed class YamlFields
{
    private readonly string file;
    private readonly string path;
    private readonly YamlMap map;

    /// <param name="path">Of the map in the file: <c>devices[3]</c>; empty at the top.</param>
    /// <param name="known">The fields that the map may have.</param>
    public YamlFields(string file, string path, YamlNode node, params ReadOnlySpan<string> known)
    {
        this.file = file;
        this.path = path;
        map = node as YamlMap ?? throw new YamlFileException(file, new YamlPlace(node.Line, node.Column, path), "a map of fields was expected here ({ name: value, ... }).");
        foreach (var (key, _) in map.Entries)
        {
            if (!known.Contains(key.Value))
                throw Wrong(key, key.Value, $"unknown field.{Suggestion.For(key.Value, known.ToArray())} Fields here: {string.Join(", ", known!)}.");
        }
    }

    public YamlPlace Place => new(map.Line, map.Column, path);

    public YamlNode? Find(string field)
    {
        var value = map.Entries.FirstOrDefault(e => e.Key.Value == field).Value;
        return value is YamlText { IsNull: true } ? null : value;
    }

    public YamlPlace PlaceOf(string field) => Find(field) is { } node ? new YamlPlace(node.Line, node.Column, Path(field)) : Place with { Field = Path(field) };

    public string Path(string field) => path.Length == 0 ? field : $"{path}.{field}";

    /// <summary>A text; null when it is left out.</summary>
    public string? Text(string field, int maxLength = 200)
    {
        if (Find(field) is not { } node)
            return null;
        var value = (node as YamlText ?? throw Wrong(node, field, "a text was expected here.")).Value;
        if (value.Length == 0 || value.Length > maxLength || value.Any(char.IsControl))
            throw Wrong(node, field, $"1 to {maxLength} characters without control characters were expected.");
        return value;
    }

    public string RequiredText(string field) => Text(field) ?? throw Wrong(map, field, $"'{field}' is missing.");

    public TimeSpan? Duration(string field, TimeSpan least, TimeSpan most)
    {
        if (Text(field) is not { } text)
            return null;
        if (!DurationText.TryParse(text, out var duration))
            throw Wrong(Find(field)!, field, $"'{text}' is not a duration; write 30s, 5m or 1h.");
        if (duration < least || duration > most)
            throw Wrong(Find(field)!, field, $"{text} is out of range: {DurationText.Format(least)} to {DurationText.Format(most)}.");
        return duration;
    }

    /// <summary>The items of a list with their paths; none when it is left out.</summary>
    public IEnumerable<(YamlNode Node, string Path)> Items(string field) =>
        Find(field) switch
        {
            null => [],
            YamlList list => list.Items.Select((item, i) => (item, $"{Path(field)}[{i}]")),
            { } other => throw Wrong(other, field, "a list was expected here ([ ... ])."),
        };

    /// <summary>A list of texts, each parsed by <paramref name="parse"/> (which throws <see cref="FormatException"/>), without repetition.</summary>
    public ImmutableArray<string> Texts(string field, Func<string, string> parse)
    {
        var texts = ImmutableArray.CreateBuilder<string>();
        foreach (var (node, at) in Items(field))
        {
            var place = new YamlPlace(node.Line, node.Column, at);
            var text = node is YamlText { IsNull: false } t ? t.Value : throw new YamlFileException(file, place, "a text was expected here.");
            try
            {
                text = parse(text);
            }
            catch (FormatException e)
            {
                throw new YamlFileException(file, place, e.Message);
            }
            if (texts.Contains(text))
                throw new YamlFileException(file, place, $"'{text}' stands here twice.");
            texts.Add(text);
        }
        return texts.ToImmutable();
    }

    /// <summary>A map of texts; <paramref name="parse"/> gets key and text and throws <see cref="FormatException"/>.</summary>
    public ImmutableSortedDictionary<string, T> Map<T>(string field, Func<string, string, T> parse)
    {
        if (Find(field) is not { } node)
            return ImmutableSortedDictionary.Create<string, T>(StringComparer.Ordinal);
        var entries = (node as YamlMap ?? throw Wrong(node, field, "a map was expected here ({ metric: value }).")).Entries;
        return ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, entries.Select(e =>
        {
            var place = $"{field}.{e.Key.Value}";
            var text = e.Value is YamlText { IsNull: false } t ? t.Value : throw Wrong(e.Value, place, "a value was expected here.");
            try
            {
                return KeyValuePair.Create(e.Key.Value, parse(e.Key.Value, text));
            }
            catch (FormatException wrong)
            {
                throw Wrong(e.Value, place, wrong.Message);
            }
        }));
    }

    /// <summary>A required name, parsed by <paramref name="parse"/>, which throws <see cref="FormatException"/>.</summary>
    public string Name(string field, Func<string, string> parse) => OptionalName(field, parse) ?? throw Wrong(map, field, $"'{field}' is missing.");

    public string? OptionalName(string field, Func<string, string> parse)
    {
        if (Text(field, Core.Architecture.SiteId.MaxLength) is not { } text)
            return null;
        try
        {
            return parse(text);
        }
        catch (FormatException e)
        {
            throw Wrong(Find(field)!, field, e.Message);
        }
    }

    public YamlFileException Wrong(string field, string reason) => new(file, PlaceOf(field), reason);

    private YamlFileException Wrong(YamlNode at, string field, string reason) => new(file, new YamlPlace(at.Line, at.Column, Path(field)), reason);
}
