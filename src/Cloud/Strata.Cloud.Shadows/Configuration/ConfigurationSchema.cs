using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using Strata.Core;
using Strata.Core.Shadows;

namespace Strata.Cloud.Shadows.Configuration;

/// <summary>A model's JSON Schema, by which configurations are checked before anything is sent.</summary>
internal static class ConfigurationSchema
{
    public const int MaxBytes = 64 * 1024;

    /// <summary>Faults of one configuration that are told.</summary>
    private const int MaxFaults = 5;

    /// <summary>References to elsewhere are fetched by nobody; expressions of texts may take for ever.</summary>
    private static readonly string[] NotTaken = ["pattern", "patternProperties"];

    /// <summary>Why the text is no schema that is taken; null when it is.</summary>
    public static Problem? Check(string text)
    {
        try
        {
            if (JsonNode.Parse(text) is not JsonObject root)
                return Invalid("A schema is a JSON object.");
            if (FirstNotTaken(root) is { } word)
                return Invalid(word == "$ref" ? "'$ref' leads within the schema only: \"#/$defs/...\"." : $"'{word}' is not taken: whether a text fits an expression can take for ever. Use 'enum', 'const' or 'maxLength'.");
            JsonSchema.FromText(text);
            return null;
        }
        catch (JsonException fault)
        {
            return Invalid($"It is no JSON Schema: {fault.Message}");
        }
    }

    /// <summary>What is wrong with a configuration, with paths; null when nothing is.</summary>
    public static string? Faults(string schema, ShadowObject configuration)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
            ShadowCodec.WriteState(writer, configuration);
        var results = JsonSchema.FromText(schema).Evaluate(JsonNode.Parse(buffer.ToArray()), new EvaluationOptions { OutputFormat = OutputFormat.List });
        if (results.IsValid)
            return null;
        var faults = results.Details.Where(d => d.Errors is { Count: > 0 }).SelectMany(d => d.Errors!.Values.Select(e => $"{(d.InstanceLocation.ToString() is { Length: > 0 } at ? at : "/")}: {e}")).Distinct().Take(MaxFaults).ToList();
        return faults.Count == 0 ? "it does not fit the schema" : string.Join("; ", faults);
    }

    private static string? FirstNotTaken(JsonNode? node) => node switch
    {
        JsonObject fields => fields.Select(f => NotTaken.Contains(f.Key) && f.Value is not JsonObject { Count: 0 } ? f.Key
            : f.Key == "$ref" && f.Value?.GetValueKind() == JsonValueKind.String && !f.Value.GetValue<string>().StartsWith('#') ? "$ref"
            : FirstNotTaken(f.Value)).FirstOrDefault(w => w is not null),
        JsonArray items => items.Select(FirstNotTaken).FirstOrDefault(w => w is not null),
        _ => null,
    };

    private static Problem Invalid(string detail) => new(ProblemKind.Invalid, detail, "schema");
}
