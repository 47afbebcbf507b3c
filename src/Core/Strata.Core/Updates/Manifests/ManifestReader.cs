using System.Text.Json;

namespace Strata.Core.Updates.Manifests;

/// <summary>
/// Reads manifests. A field that is not known is refused and not passed over: it could be a condition that this program would then not keep.
/// </summary>
public static class ManifestReader
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 4 };

    public static Outcome<UpdateManifest> Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > ManifestLimits.MaxBytes)
            return Wrong($"it has {bytes.Length} bytes; at most {ManifestLimits.MaxBytes} are read", null);
        try
        {
            using var document = JsonDocument.Parse(bytes.ToArray(), Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object ? ReadFields(document.RootElement) : Wrong("it is no JSON object", null);
        }
        catch (JsonException e)
        {
            return Wrong($"it is not JSON as it should be (line {e.LineNumber + 1}, byte {e.BytePositionInLine})", null);
        }
    }

    private static Outcome<UpdateManifest> ReadFields(JsonElement root)
    {
        var fields = new Fields();
        foreach (var property in root.EnumerateObject())
        {
            if (!fields.Take(property))
                return fields.Fault ?? Wrong($"'{property.Name}' is not known to this program", property.Name);
        }
        return fields.Check() ?? (Outcome<UpdateManifest>)fields.ToManifest();
    }

    private static Problem Wrong(string what, string? field) => new(ProblemKind.Invalid, $"The manifest cannot be used: {what}.", field);

    /// <summary>What was found so far.</summary>
    private sealed class Fields
    {
        private long format = -1, counter = -1, size = -1;
        private string? component, version, sha256;
        private IReadOnlyList<string>? models, hardware, from;
        private IReadOnlyList<ComponentNeed>? needs;
        private bool? reversible;
        private DateTimeOffset? created;

        public Problem? Fault { get; private set; }

        public bool Take(JsonProperty property)
        {
            var value = property.Value;
            switch (property.Name)
            {
                case "format": return Number(value, ref format, property.Name);
                case "component": return Text(value, ref component, property.Name);
                case "version": return Text(value, ref version, property.Name);
                case "models": return List(value, ref models, property.Name);
                case "hardware": return List(value, ref hardware, property.Name);
                case "from": return List(value, ref from, property.Name);
                case "needs": return Needs(value);
                case "counter": return Number(value, ref counter, property.Name);
                case "sha256": return Text(value, ref sha256, property.Name);
                case "size": return Number(value, ref size, property.Name);
                case "reversible":
                    reversible = value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;
                    return reversible is not null || Is("true or false", property.Name);
                case "created":
                    created = value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out var time) ? time : null;
                    return created is not null || Is("a time (ISO 8601)", property.Name);
                default: return false;
            }
        }

        public Problem? Check() =>
            format != ManifestWriter.Format ? Wrong($"its format is {(format < 0 ? "missing" : format)}; this program reads {ManifestWriter.Format}", "format")
            : !ManifestLimits.IsComponent(component) ? Wrong("'component' must be 1 to 64 of a-z, 0-9, '.', '_', '-'", "component")
            : !UpdateVersion.IsVersion(version) ? Wrong("'version' must be 1 to 64 letters, digits, '.', '_', '+', '-', ':'", "version")
            : models is not { Count: > 0 } ? Wrong("'models' must name at least one model", "models")
            : !ManifestLimits.IsSha256(sha256) ? Wrong("'sha256' must be 64 lower-case hexadecimal digits", "sha256")
            : size is < 1 or > ManifestLimits.MaxSize ? Wrong($"'size' must be 1 to {ManifestLimits.MaxSize}", "size")
            : counter < 0 ? Wrong("'counter' must be 0 or more", "counter")
            : created is null ? Wrong("'created' is missing", "created")
            : (from ?? []).FirstOrDefault(v => !UpdateVersion.IsVersion(v)) is { } odd ? Wrong($"'{odd}' in 'from' is no version", "from")
            : null;

        public UpdateManifest ToManifest() => new()
        {
            Component = component!, Version = version!, Models = models!, Hardware = hardware ?? [], From = from ?? [], Needs = needs ?? [], Counter = counter, Sha256 = sha256!, Size = size,
            Reversible = reversible ?? true, Created = created!.Value,
        };

        private bool Needs(JsonElement value)
        {
            var found = new List<ComponentNeed>();
            if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > ManifestLimits.MaxItems)
                return Is($"a list of at most {ManifestLimits.MaxItems}", "needs");
            foreach (var item in value.EnumerateArray())
            {
                if (item.ValueKind != JsonValueKind.Object || item.GetPropertyCount() != 2 || !item.TryGetProperty("component", out var named) || !item.TryGetProperty("minVersion", out var least)
                    || named.ValueKind != JsonValueKind.String || least.ValueKind != JsonValueKind.String || !ManifestLimits.IsComponent(named.GetString()) || !UpdateVersion.IsVersion(least.GetString()))
                    return Is("a list of {\"component\",\"minVersion\"}", "needs");
                found.Add(new ComponentNeed(named.GetString()!, least.GetString()!));
            }
            needs = found;
            return true;
        }

        private bool List(JsonElement value, ref IReadOnlyList<string>? into, string name)
        {
            var found = new List<string>();
            if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > ManifestLimits.MaxItems)
                return Is($"a list of at most {ManifestLimits.MaxItems} texts", name);
            foreach (var item in value.EnumerateArray())
            {
                if (item.ValueKind != JsonValueKind.String || item.GetString() is not { Length: > 0 and <= ManifestLimits.MaxNameLength } text)
                    return Is($"a list of texts of 1 to {ManifestLimits.MaxNameLength} characters", name);
                found.Add(text);
            }
            into = found;
            return true;
        }

        private bool Text(JsonElement value, ref string? into, string name)
        {
            into = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
            return into is not null || Is("a text", name);
        }

        private bool Number(JsonElement value, ref long into, string name) =>
            (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out into)) || Is("a whole number", name);

        private bool Is(string what, string name)
        {
            Fault = Wrong($"'{name}' must be {what}", name);
            return false;
        }
    }
}
