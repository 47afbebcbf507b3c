using System.Text.Json;

namespace Strata.Cloud.Dashboard.Parts;

/// <summary>One field that a change touched; null where it was not or is not any more.</summary>
internal sealed record JsonChange(string Field, string? Before, string? After);

/// <summary>What differs between the two images of an audit record.</summary>
internal static class JsonChanges
{
    /// <summary>The fields that differ, in the order in which they stand; a document that is no object is one field without a name.</summary>
    public static IReadOnlyList<JsonChange> Of(string? before, string? after)
    {
        var (old, current) = (Fields(before), Fields(after));
        return
        [
            .. old.Keys.Union(current.Keys).Select(f => new JsonChange(f, old.GetValueOrDefault(f), current.GetValueOrDefault(f))).Where(c => c.Before != c.After),
        ];
    }

    private static Dictionary<string, string> Fields(string? json)
    {
        if (json is null)
            return [];
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.EnumerateObject().Where(p => p.Value.ValueKind != JsonValueKind.Null).ToDictionary(p => p.Name, p => Text(p.Value))
                : new Dictionary<string, string> { [""] = json };
        }
        catch (JsonException)
        {
            return new Dictionary<string, string> { [""] = json };
        }
    }

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
