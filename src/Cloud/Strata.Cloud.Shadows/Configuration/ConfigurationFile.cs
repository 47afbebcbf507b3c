using System.Text;
using Strata.Cloud.Platform.Schemas;
using Strata.Cloud.Platform.Yaml;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Configuration;
using Strata.Core.Shadows;

namespace Strata.Cloud.Shadows.Configuration;

/// <summary>What a file's <c>configuration:</c> says.</summary>
/// <param name="Schemas">JSON Schemas by model.</param>
/// <param name="Sites">The places that it is of, with what is in them: what it does not describe is gone there alone, and no schema is. Null for the whole tenant.</param>
internal sealed record ConfigurationFile(IReadOnlyDictionary<string, string> Schemas, IReadOnlyList<DescribedLayer> Layers, IReadOnlyList<SiteId>? Sites)
{
    /// <summary>Reads the section, or says what is wrong first: <c>FILE:LINE:COLUMN: FIELD: what is wrong</c>. Pure: what is there already does not matter here.</summary>
    public static Outcome<ConfigurationFile> Read(string file, string yaml, ShadowLimits limits)
    {
        try
        {
            string? tenant = null;
            var (schemas, layers) = (new Dictionary<string, string>(StringComparer.Ordinal), new Dictionary<LayerId, DescribedLayer>());
            var (sites, isWhole) = (new List<SiteId>(), false);
            foreach (var document in YamlTree.Read(file, yaml))
            {
                var top = DescriptionFile.Open(file, document, ref tenant, DescriptionFile.Sections);
                if (top.Find("configuration") is not { } section)
                    continue;
                var fields = new YamlFields(file, "configuration", section, "sites", "schemas", "layers");
                sites.AddRange(fields.Texts("sites", static s => SiteId.Parse(s).Value).Select(SiteId.Parse));
                isWhole |= fields.Find("sites") is null;
                ReadSchemas(file, fields, schemas);
                foreach (var (node, at) in fields.Items("layers"))
                    ReadLayer(new YamlFields(file, at, node, "layer", "content", "why"), limits, layers);
            }
            return new ConfigurationFile(schemas, [.. layers.Values], isWhole ? null : sites);
        }
        catch (YamlFileException wrong)
        {
            return wrong.ToProblem();
        }
    }

    private static void ReadSchemas(string file, YamlFields fields, Dictionary<string, string> schemas)
    {
        if (fields.Find("schemas") is not { } node)
            return;
        foreach (var (model, schema) in (node as YamlMap ?? throw fields.Wrong("schemas", "a map was expected here ({ model: schema }).")).Entries)
        {
            if (model.Value.Length is 0 or > 128 || model.Value.Any(char.IsControl))
                throw fields.Wrong("schemas", $"a model's name has 1 to 128 characters without control characters; '{model.Value}' is none.");
            var text = Encoding.UTF8.GetString(YamlJson.Write(schema));
            if (PayloadSchema.Parse(text) is { IsOk: false } wrong)
                throw new YamlFileException(file, new YamlPlace(schema.Line, schema.Column, $"configuration.schemas.{model.Value}"), wrong.Problem.Detail);
            if (!schemas.TryAdd(model.Value, text))
                throw fields.Wrong("schemas", $"the schema of model '{model.Value}' stands in the file twice.");
        }
    }

    private static void ReadLayer(YamlFields fields, ShadowLimits limits, Dictionary<LayerId, DescribedLayer> layers)
    {
        var said = fields.Text("layer", LayerId.MaxLength) ?? throw fields.Wrong("layer", "'layer' is missing.");
        if (!LayerId.TryParse(said, out var id))
            throw fields.Wrong("layer", $"'{said}' is no layer; write tenant, group/ID, site/PATH or device/ID.");
        var content = ConfigurationStore.Parse(YamlJson.Write(fields.Find("content") ?? throw fields.Wrong("content", "'content' is missing: what is wanted.")), limits);
        if (!content.IsOk)
            throw fields.Wrong("content", content.Problem.Detail);
        if (!layers.TryAdd(id, new DescribedLayer(id, content.Value, fields.Text("why", ShadowLimits.MaxWhyLength))))
            throw fields.Wrong("layer", $"layer '{id}' stands in the file twice.");
    }
}

/// <param name="Why">For the history; null when the file does not say.</param>
internal sealed record DescribedLayer(LayerId Id, ShadowObject Content, string? Why);
