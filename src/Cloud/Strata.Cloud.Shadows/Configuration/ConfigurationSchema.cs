using System.Text;
using System.Text.Json;
using Strata.Cloud.Platform.Schemas;
using Strata.Cloud.Platform.Yaml;
using Strata.Core.Shadows;

namespace Strata.Cloud.Shadows.Configuration;

/// <summary>Checks configurations by their models' schemas, before anything is sent.</summary>
internal static class ConfigurationSchema
{
    /// <summary>What is wrong with a configuration, with paths; null when nothing is.</summary>
    public static string? Faults(PayloadSchema schema, ShadowObject configuration)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
            ShadowCodec.WriteState(writer, configuration);
        using var document = JsonDocument.Parse(buffer.ToArray());
        return schema.Check(document.RootElement, "content")?.Detail;
    }

    /// <summary>A schema as a file says it: compact, and of a field that stands twice the last.</summary>
    public static string InFile(string schema)
    {
        using var document = JsonDocument.Parse(schema, new JsonDocumentOptions { MaxDepth = YamlTree.MaxDepth });
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
            Write(writer, document.RootElement);
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Write(Utf8JsonWriter writer, JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var field in json.EnumerateObject().GroupBy(static f => f.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(field.Key);
                    Write(writer, field.Last().Value);
                }
                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in json.EnumerateArray())
                    Write(writer, item);
                writer.WriteEndArray();
                break;
            default:
                json.WriteTo(writer);
                break;
        }
    }

    /// <summary>Schemas by model, as they are kept: each was parsed before it was kept.</summary>
    public static Dictionary<string, PayloadSchema> ParseAll(IEnumerable<KeyValuePair<string, string>> schemas) =>
        schemas.Select(s => (s.Key, Schema: PayloadSchema.Parse(s.Value))).Where(s => s.Schema.IsOk).ToDictionary(s => s.Key, s => s.Schema.Value!, StringComparer.Ordinal);
}
