using System.Text.Json.Nodes;

namespace Strata.Core.Tests.Shadows;

/// <summary>The rules of merging, written down as plainly as can be: on trees of the framework, with no care for speed.</summary>
internal static class NaiveShadow
{
    public static JsonObject Merge(JsonObject target, JsonObject patch)
    {
        var result = (JsonObject)target.DeepClone();
        foreach (var (name, value) in patch)
        {
            if (value is null)
                result.Remove(name);
            else if (value is JsonObject inner)
            {
                var merged = Merge(result[name] as JsonObject ?? [], inner);
                if (merged.Count > 0)
                    result[name] = merged;
                else if (result[name] is JsonObject)
                    result.Remove(name);
            }
            else
                result[name] = value.DeepClone();
        }
        return result;
    }

    public static JsonObject Delta(JsonObject desired, JsonObject reported)
    {
        var delta = new JsonObject();
        foreach (var (name, value) in desired)
        {
            if (value is JsonObject wanted && reported[name] is JsonObject there)
            {
                if (Delta(wanted, there) is { Count: > 0 } inner)
                    delta[name] = inner;
            }
            else if (!JsonNode.DeepEquals(value, reported[name]))
                delta[name] = value!.DeepClone();
        }
        return delta;
    }
}
