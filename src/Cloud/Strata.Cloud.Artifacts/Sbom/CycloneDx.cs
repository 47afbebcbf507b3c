using System.Text.Json;
using Strata.Core;
using Strata.Core.Updates.Manifests;

namespace Strata.Cloud.Artifacts.Sbom;

/// <summary>Reads bills of materials (CycloneDX, JSON, any 1.x): the parts, those within parts too.</summary>
internal static class CycloneDx
{
    private const int MaxText = 512;

    public static Outcome<IReadOnlyList<BomComponent>> Read(ReadOnlyMemory<byte> document, int mostComponents)
    {
        try
        {
            using var json = JsonDocument.Parse(document, new JsonDocumentOptions { MaxDepth = 64 });
            var root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("bomFormat", out var format) || format.ValueKind != JsonValueKind.String || format.GetString() != "CycloneDX")
                return Wrong("it is no CycloneDX document in JSON (\"bomFormat\":\"CycloneDX\" is missing); make it in that form");
            var found = new List<BomComponent>();
            var seen = new HashSet<(string, string, string?)>();
            return Collect(root, found, seen, mostComponents) is { } wrong ? wrong : found;
        }
        catch (JsonException e)
        {
            return Wrong($"it is no JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine})");
        }
    }

    private static Problem? Collect(JsonElement parent, List<BomComponent> found, HashSet<(string, string, string?)> seen, int most)
    {
        if (!parent.TryGetProperty("components", out var components))
            return null;
        if (components.ValueKind != JsonValueKind.Array)
            return Wrong("its 'components' are no list");
        foreach (var component in components.EnumerateArray())
        {
            if (component.ValueKind != JsonValueKind.Object || Text(component, "name") is not { Length: > 0 } name)
                return Wrong($"component {found.Count + 1} has no name");
            var part = (name, Text(component, "version") ?? "", Text(component, "purl"));
            if (seen.Add(part))
                found.Add(new BomComponent(part.name, part.Item2, part.Item3));
            if (found.Count > most)
                return new Problem(ProblemKind.TooMuch, $"The bill of materials has more than {most:N0} components.", "bom");
            if (Collect(component, found, seen, most) is { } wrong)
                return wrong;
        }
        return null;
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { } text ? text.Length > MaxText ? text[..MaxText] : text : null;

    private static Problem Wrong(string what) => new(ProblemKind.Invalid, $"The bill of materials cannot be read: {what}.", "bom");
}
