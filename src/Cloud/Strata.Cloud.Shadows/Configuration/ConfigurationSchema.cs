using System.Text.Json;
using Strata.Cloud.Platform.Schemas;
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

    /// <summary>Schemas by model, as they are kept: each was parsed before it was kept.</summary>
    public static Dictionary<string, PayloadSchema> ParseAll(IEnumerable<KeyValuePair<string, string>> schemas) =>
        schemas.Select(s => (s.Key, Schema: PayloadSchema.Parse(s.Value))).Where(s => s.Schema.IsOk).ToDictionary(s => s.Key, s => s.Schema.Value!, StringComparer.Ordinal);
}
