using System.Text.Json;

namespace Strata.Core.Updates.Manifests;

/// <summary>A ring of keys as the file that devices keep (<c>keys.json</c>).</summary>
public static class KeyRingText
{
    public const int MaxBytes = 64 * 1024;

    public static byte[] Write(KeyRing ring)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("format", 1);
            json.WriteNumber("threshold", ring.Threshold);
            json.WriteStartArray("keys");
            foreach (var key in ring.Keys)
            {
                json.WriteStartObject();
                json.WriteString("id", key.Id);
                json.WriteString("algorithm", key.Algorithm);
                json.WriteBase64String("publicKey", key.PublicKey);
                if (key.NotBefore is { } from)
                    json.WriteString("notBefore", from.UtcDateTime);
                if (key.NotAfter is { } until)
                    json.WriteString("notAfter", until.UtcDateTime);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return bytes.ToArray();
    }

    /// <summary>The ring; a problem when it is none, has no usable key, or asks for more signatures than it has different keys.</summary>
    public static Outcome<KeyRing> Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
            return Wrong($"it has {bytes.Length} bytes; at most {MaxBytes} are read");
        try
        {
            using var document = JsonDocument.Parse(bytes.ToArray(), new JsonDocumentOptions { AllowDuplicateProperties = false });
            var root = document.RootElement;
            if (root.GetProperty("format").GetInt32() != 1)
                return Wrong("its format is not 1");
            var keys = root.GetProperty("keys").EnumerateArray().Select(k => new TrustedKey(
                k.GetProperty("id").GetString()!, k.GetProperty("algorithm").GetString()!, k.GetProperty("publicKey").GetBytesFromBase64(), Time(k, "notBefore"), Time(k, "notAfter"))).ToList();
            var threshold = root.GetProperty("threshold").GetInt32();
            if (keys.FirstOrDefault(k => !ManifestLimits.IsKeyId(k.Id) || !SignatureAlgorithms.IsKey(k.Algorithm, k.PublicKey)) is { } odd)
                return Wrong($"'{odd.Id}' is no key of '{odd.Algorithm}'");
            if (keys.Select(k => k.Id).Distinct(StringComparer.Ordinal).Count() != keys.Count)
                return Wrong("two keys have one name");
            var different = keys.Select(k => Convert.ToBase64String(k.PublicKey)).Distinct(StringComparer.Ordinal).Count();
            return threshold < 1 || threshold > different ? Wrong($"{threshold} signatures are asked for, and there are {different} different keys") : new KeyRing(keys, threshold);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return Wrong("it is not what 'strata artifacts keys ring' writes");
        }
    }

    private static DateTimeOffset? Time(JsonElement key, string name) => key.TryGetProperty(name, out var value) ? value.GetDateTimeOffset() : null;

    private static Problem Wrong(string what) => new(ProblemKind.Invalid, $"The ring of keys cannot be used: {what}.", "keys");
}
