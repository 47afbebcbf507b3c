using System.Text.Json;

namespace Strata.Cloud.Platform.Schemas;

/// <summary>What of a schema's references a program could be stopped with: one in a circle never ends, many small ones in a row make an endless whole, and one to elsewhere fetches what somebody else writes.</summary>
internal static class SchemaReferences
{
    public const int MaxDepth = 64;

    /// <summary>Parts of the schema with every reference written out.</summary>
    private const int MaxParts = 20_000;

    private static readonly string[] Unused = ["$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor"];

    /// <summary>Why the schema is not taken; null when it is.</summary>
    public static string? Refusal(JsonElement root) => new Walk(root).Refusal();

    private sealed class Walk(JsonElement root)
    {
        private readonly Dictionary<string, long> known = new(StringComparer.Ordinal);
        private readonly HashSet<string> open = new(StringComparer.Ordinal);
        private string? refusal;

        public string? Refusal()
        {
            var parts = Count(root, "");
            return refusal ?? (parts > MaxParts ? $"with every $ref written out it has more than {MaxParts:N0} parts" : null);
        }

        private long Count(JsonElement element, string pointer)
        {
            if (known.TryGetValue(pointer, out var counted))
                return counted;
            if (refusal is not null)
                return 1;
            if (open.Count > MaxDepth || !open.Add(pointer))
            {
                refusal = $"'{(pointer.Length == 0 ? "#" : "#" + pointer)}' refers to itself, or its references are nested more than {MaxDepth} deep";
                return 1;
            }
            long sum = 1;
            if (element.ValueKind is JsonValueKind.Object)
            {
                foreach (var member in element.EnumerateObject())
                    sum = Math.Min(sum + Member(member, pointer), int.MaxValue);
            }
            else if (element.ValueKind is JsonValueKind.Array)
            {
                var i = 0;
                foreach (var item in element.EnumerateArray())
                    sum = Math.Min(sum + Count(item, $"{pointer}/{i++}"), int.MaxValue);
            }
            open.Remove(pointer);
            return known[pointer] = sum;
        }

        private long Member(JsonProperty member, string pointer)
        {
            if (member.Value.ValueKind is JsonValueKind.String && Unused.Contains(member.Name))
            {
                refusal ??= $"it uses {member.Name}; use $ref with a path within it, as '#/$defs/name'";
                return 1;
            }
            if (member.Name == "$ref" && member.Value.ValueKind is JsonValueKind.String)
                return Reference(member.Value.GetString()!);
            return Count(member.Value, $"{pointer}/{member.Name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}");
        }

        private long Reference(string target)
        {
            if (target is not ("#" or ['#', '/', ..]))
            {
                refusal ??= $"$ref '{(target.Length > 100 ? target[..100] + "..." : target)}' leads out of it; use a path within it, as '#/$defs/name'";
                return 1;
            }
            var at = root;
            var pointer = "";
            foreach (var part in target.Split('/').Skip(1))
            {
                var name = Uri.UnescapeDataString(part).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
                pointer += $"/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";
                if (at.ValueKind is JsonValueKind.Object && at.TryGetProperty(name, out var inner))
                    at = inner;
                else if (at.ValueKind is JsonValueKind.Array && int.TryParse(name, out var index) && index >= 0 && index < at.GetArrayLength())
                    at = at[index];
                else
                {
                    refusal ??= $"$ref '{target}' leads nowhere";
                    return 1;
                }
            }
            return Count(at, pointer);
        }
    }
}
