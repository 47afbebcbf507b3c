using System.Text.Json;
using Strata.Cloud.Platform.Schemas;
using Strata.Core.Shadows;

namespace Strata.Cloud.Shadows.Configuration;

/// <summary>Checks configurations by their models' schemas, before anything is sent.</summary>
internal static class ConfigurationSchema
{
    /// <summary>What is wrong with a configuration, with paths; null when nothing is.</summary>
    /// <param name="schema">One that was taken by <see cref="PayloadSchema.Parse"/>.</param>
    public static string? Faults(string schema, ShadowObject configuration)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
            ShadowCodec.WriteState(writer, configuration);
        using var document = JsonDocument.Parse(buffer.ToArray());
        var parsed = PayloadSchema.Parse(schema);
        return (parsed.IsOk ? parsed.Value.Check(document.RootElement, "content") : parsed.Problem)?.Detail;
    }
}
